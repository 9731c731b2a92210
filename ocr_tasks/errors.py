"""What can go wrong with a shard or with one page, each error knowing what the process says about it."""

from __future__ import annotations

from ocr_tasks.contract import ExitCode


class TaskError(Exception):
    """Ends the run of a shard; ``exit_code`` tells the pipeline what to do about it."""

    exit_code: ExitCode


class BadShardError(TaskError):
    """The shard, or a setting that came with it, is wrong."""

    exit_code = ExitCode.BAD_SHARD


class EngineUnavailableError(TaskError):
    """The engine, its model, its language data or the device it needs are missing."""

    exit_code = ExitCode.ENGINE_UNAVAILABLE


class EngineLostError(EngineUnavailableError):
    """The engine broke while it read, such as with its device; one that is loaded afresh may read on."""


class EngineStartTimeoutError(TaskError):
    """The engine was not loaded in its time; another try can help."""

    exit_code = ExitCode.TEMPORARY


class StorageError(TaskError):
    """Storage could not be reached, or refused; another try with fresh addresses can help."""

    exit_code = ExitCode.TEMPORARY


class EngineUnreachableError(TaskError):
    """The engine cannot read now (such as a model server that is down): pages stay unread, a retry can help."""

    exit_code = ExitCode.TEMPORARY


class StoppedError(TaskError):
    """Somebody asked the process to stop; finished pages have their results."""

    exit_code = ExitCode.TEMPORARY


class ObjectMissingError(Exception):
    """There is no object at an address. What that means is for the caller to say."""


class PageError(Exception):
    """One page cannot be read, for good. The message is the reason people see in its result."""


class EngineDiedError(PageError):
    """The engine broke on a page. Which of the two is to blame only a page tells that is read after it."""


class PageTimeoutError(PageError):
    """The engine gave a page up because it took too long."""
