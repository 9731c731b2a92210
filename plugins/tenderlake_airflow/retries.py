"""Which failures are retried: what a person has to mend fails at once, what time mends is tried again."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

_NEEDS_A_PERSON = (
    ("tenderlake.storage.StorageAccessError", "S3 refuses the credentials or the bucket: mend the connection"),
    ("tenderlake.runs.FormError", "the trigger form asks for something that does not exist"),
    ("tenderlake.ocr.BadShardError", "OCR image and pipeline are of different versions"),
    ("tenderlake.ocr.EngineUnavailableError", "the OCR image, engine, GPU or model is missing"),
    ("pydantic.ValidationError", "the values of the form or of a stage do not fit"),
)

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        *(RetryRule(exception=name, action=RetryAction.FAIL, reason=why) for name, why in _NEEDS_A_PERSON),
        RetryRule(
            exception="tenderlake.ocr.TemporaryOcrError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=30),
            reason="the engine stopped early: the next try reads what is missing",
        ),
        RetryRule(
            exception="tenderlake.storage.StorageUnavailableError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=30),
            reason="S3 did not answer: it may be back soon",
        ),
    ]
)
"""For every task of the pipeline; exceptions without a rule follow the task's own retries."""
