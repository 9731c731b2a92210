"""Given documents with files within them, this is what the lake holds: the document, and each of these files."""

from __future__ import annotations

import pytest

from tenderlake.lake.schema import DOCUMENTS
from tenderlake.storage import Storage
from tests import pipeline
from tests.archives import encrypted_zip_of, zip_of
from tests.integration.test_archive_runs import CONTRACT, ESTIMATE, layout, markdown, put, states
from tests.integration.test_pipeline import rows
from tests.officefiles import docx_with_objects, ole10_object

pytestmark = pytest.mark.integration


def document(**files: bytes) -> bytes:
    return docx_with_objects(
        {f"o{place}.bin": ole10_object(name, data) for place, (name, data) in enumerate(files.items())}
    )


def test_the_document_and_the_files_within_it_are_published(storage: Storage) -> None:
    archive = zip_of({"Смета.pdf": ESTIMATE})
    specification = document(**{"Проект.pdf": CONTRACT, "все.zip": archive})
    put(storage, "ТЗ.docx", specification)
    put(storage, "копия.zip", zip_of({"ТЗ.docx": specification}))
    published = pipeline.run(storage, layout(), "first")
    assert not published.left_reasons
    assert states(storage) == {
        "ТЗ.docx": "published",
        "ТЗ.docx/Проект.pdf": "published",
        "ТЗ.docx/все.zip": "unpacked",
        "ТЗ.docx/все.zip/Смета.pdf": "published",
        "копия.zip": "unpacked",
        "копия.zip/ТЗ.docx": "skipped_duplicate",
        "копия.zip/ТЗ.docx/Проект.pdf": "skipped_duplicate",
        "копия.zip/ТЗ.docx/все.zip": "unpacked",
        "копия.zip/ТЗ.docx/все.zip/Смета.pdf": "skipped_duplicate",
    }
    assert markdown(storage) == {"ТЗ.docx.md", "ТЗ.docx/Проект.pdf.md", "ТЗ.docx/все.zip/Смета.pdf.md"}
    assert pipeline.take(storage, layout(), "again").source_count == 0


def test_a_file_that_the_new_document_does_not_hold_leaves_the_lake(storage: Storage) -> None:
    put(storage, "ТЗ.docx", document(**{"Проект.pdf": CONTRACT, "Смета.pdf": ESTIMATE}))
    pipeline.run(storage, layout(), "first")
    put(storage, "ТЗ.docx", document(**{"Проект.pdf": CONTRACT}))
    pipeline.run(storage, layout(), "second")
    assert states(storage) == {"ТЗ.docx": "published", "ТЗ.docx/Проект.pdf": "published"}
    assert {row["archive_path"] for row in rows(storage, layout(), DOCUMENTS)} == {None, "Проект.pdf"}
    assert markdown(storage) == {"ТЗ.docx.md", "ТЗ.docx/Проект.pdf.md"}


def test_what_a_password_or_a_limit_keeps_back_is_read_when_it_is_there(storage: Storage) -> None:
    locked = encrypted_zip_of({"Смета.pdf": ESTIMATE}, "закупки")
    put(storage, "ТЗ.docx", document(**{"Проект.pdf": CONTRACT, "закрыто.zip": locked}))
    pipeline.run(storage, layout(max_archive_members=1), "first")
    assert states(storage) == {
        "ТЗ.docx": "published",
        "ТЗ.docx/Проект.pdf": "published",
        "ТЗ.docx/further files within the document": "quarantined_archive_bomb",
    }
    pipeline.run(storage, layout(), "second", reprocess="quarantined")
    assert states(storage)["ТЗ.docx/закрыто.zip"] == "quarantined_encrypted"
    pipeline.run(storage, layout(passwords=("закупки",)), "third", reprocess="quarantined")
    assert states(storage) == {
        "ТЗ.docx": "published",
        "ТЗ.docx/Проект.pdf": "published",
        "ТЗ.docx/закрыто.zip": "unpacked",
        "ТЗ.docx/закрыто.zip/Смета.pdf": "published",
    }
    assert not list(storage.list_objects("quarantine/"))


def test_files_count_as_deep_as_they_lie(storage: Storage) -> None:
    put(storage, "все.zip", zip_of({"ТЗ.docx": document(**{"Проект.pdf": CONTRACT})}))
    pipeline.run(storage, layout(max_archive_depth=1), "run")
    assert states(storage) == {
        "все.zip": "unpacked",
        "все.zip/ТЗ.docx": "published",
        "все.zip/ТЗ.docx/Проект.pdf": "quarantined_archive_bomb",
    }
