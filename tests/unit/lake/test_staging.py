"""Rows on their way to a staged file: those of a document that fails are its own trouble."""

from __future__ import annotations

import boto3
import pytest

from tenderlake.lake.rows import PageRow, RowError
from tenderlake.lake.schema import PAGES
from tenderlake.lake.staging import StagingWriter
from tenderlake.lake.vocabulary import TextSource
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage

pytestmark = pytest.mark.unit

LAYOUT = Layout(Settings.model_construct())
NOWHERE = Storage(
    boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    ),
    "bucket",
)
"""Nothing is uploaded here."""


def page(number: int) -> PageRow:
    return PageRow(
        document_id="a" * 64, page_number=number, width_px=1, height_px=1, text_source=TextSource.NATIVE, text="текст"
    )


class EndOfTest(Exception):
    """Leaves the block without an upload."""


def test_rows_of_a_failed_document_do_not_fail_the_next_one() -> None:
    too_large = page(2**40)
    with pytest.raises(EndOfTest), StagingWriter(NOWHERE, LAYOUT, "run", PAGES, 1) as writer:
        writer.add([page(1), too_large])
        writer.forget()
        writer.add([page(2)])
        writer.flush()
        assert writer.row_count == 1
        writer.add([too_large])
        with pytest.raises(RowError, match="page_number"):
            writer.flush()
        raise EndOfTest
