"""Given a failure, this is whether the task is tried again."""

from __future__ import annotations

import pytest
from airflow.sdk import RetryAction

from tenderlake.lake.partitions import PartitionError
from tenderlake.ocr import BadShardError, EngineUnavailableError, TemporaryOcrError
from tenderlake.runs import FormError
from tenderlake.storage import StorageAccessError, StorageUnavailableError
from tenderlake_airflow.retries import RETRY_POLICY

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (StorageAccessError("wrong keys"), RetryAction.FAIL),
        (FormError("no such key"), RetryAction.FAIL),
        (EngineUnavailableError("no image"), RetryAction.FAIL),
        (BadShardError("version 2"), RetryAction.FAIL),
        (PartitionError("damaged"), RetryAction.FAIL),
        (ImportError("no module"), RetryAction.FAIL),
        (StorageUnavailableError("no answer"), RetryAction.RETRY),
        (TemporaryOcrError("3 pages are not read yet"), RetryAction.RETRY),
        (OSError("no space left on device"), RetryAction.DEFAULT),
        (RuntimeError("whatever"), RetryAction.DEFAULT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.value,
)
def test_what_time_mends_is_tried_again(error: Exception, action: RetryAction) -> None:
    decision = RETRY_POLICY.evaluate(error, try_number=1, max_tries=4)
    assert decision.action is action
    if action is not RetryAction.DEFAULT:
        assert decision.reason
