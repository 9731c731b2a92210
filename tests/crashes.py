"""Processes that die while they write to S3, played in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tenderlake.lake.lease import WriterClaim
from tenderlake.layout import Layout
from tenderlake.storage import Storage

WRITES = ("put_bytes", "upload", "replace", "copy", "delete")
"""The methods of Storage that change the bucket."""


class Killed(BaseException):
    """The process is gone."""


class Crash:
    """Lets writes through until one is to be the last; then that one and all later ones end the process.

    Args:
        patch: undone by the test.
        is_due: whether the process dies before this write, the first being number 1; the key as the second argument.
    """

    def __init__(self, patch: pytest.MonkeyPatch, is_due: Callable[[int, str], bool]) -> None:
        self._is_due = is_due
        self.writes = 0
        self.is_over = False
        # One after the other, so that the same write is always the same number.
        patch.setattr(Storage, "in_parallel", lambda self, function, items: [function(item) for item in items])
        for name in WRITES:
            patch.setattr(Storage, name, self._guarded(name, getattr(Storage, name)))

    def _guarded(self, name: str, method: Any) -> Any:
        def guarded(storage: Storage, *args: Any, **kwargs: Any) -> Any:
            self.writes += 1
            self.is_over = self.is_over or self._is_due(self.writes, _key(name, args))
            if self.is_over:
                raise Killed
            return method(storage, *args, **kwargs)

        return guarded


def _key(name: str, args: tuple[Any, ...]) -> str:
    if name == "delete":
        return ""
    return str(args[0 if name == "put_bytes" else 1])


def end_leases(storage: Storage, layout: Layout) -> None:
    """Let the leases of processes that died end now, and not after a minute."""
    for item in list(storage.list_objects(layout.writers)):
        if item.key.endswith(".json"):
            claim = storage.get_model(item.key, WriterClaim)
            storage.put_model(item.key, claim.model_copy(update={"lease_s": 0.01}))
