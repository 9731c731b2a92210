"""What the service answers when it does not read a document: one error with a status, a code and a sentence."""

from __future__ import annotations

from enum import Enum


class ErrorCode(str, Enum):
    """What went wrong, for programs; the message beside it is for people."""

    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UPLOAD_TOO_SLOW = "upload_too_slow"
    TOO_LARGE = "too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    BAD_REQUEST = "bad_request"
    REFUSED_URL = "refused_url"
    URL_NOT_FETCHED = "url_not_fetched"
    UNREADABLE_DOCUMENT = "unreadable_document"
    INTERNAL = "internal"
    ENGINE_INITIALIZING = "engine_initializing"
    ENGINE_FAILED = "engine_failed"
    ENGINE_UNREACHABLE = "engine_unreachable"
    QUEUE_FULL = "queue_full"
    STOPPING = "stopping"
    TIMEOUT = "timeout"


class ServiceError(Exception):
    """Ends a request.

    Args:
        status: The HTTP status.
        code: What went wrong.
        message: What a person reads: what is wrong and how to mend it. No secrets, nothing of the document.
        retry_after_s: When another try makes sense; the ``Retry-After`` of a 503.
    """

    def __init__(self, status: int, code: ErrorCode, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
