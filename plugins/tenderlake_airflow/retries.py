"""Which failures are retried: what a person has to mend fails at once, what time mends is tried again."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

_NO_TIME_MENDS = (
    ("tenderlake.errors.NeedsPersonError", "a person has to act: see the message"),
    ("pydantic.ValidationError", "the values of the form or of a stage do not fit"),
    ("builtins.ImportError", "a module is missing: install requirements.txt"),
    ("builtins.AttributeError", "a fault of the code"),
    ("builtins.NameError", "a fault of the code"),
    ("builtins.TypeError", "a fault of the code"),
)

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        *(RetryRule(exception=name, action=RetryAction.FAIL, reason=why) for name, why in _NO_TIME_MENDS),
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
