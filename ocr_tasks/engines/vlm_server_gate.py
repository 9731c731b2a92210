"""Lets pages in together, or one of them alone: to find out on which block a model server breaks down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Gate:
    """Who waits to be alone goes first, so that nobody waits for ever."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._wanting_to_be_alone = 0
        self._is_one_alone = False

    @contextmanager
    def together(self, timeout_s: float) -> Iterator[None]:
        """Be inside with others.

        Raises:
            TimeoutError: Somebody was alone inside, or waited for it, all the time.
        """
        with self._changed:
            self._wait(lambda: not self._is_one_alone and not self._wanting_to_be_alone, timeout_s)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, timeout_s: float) -> Iterator[None]:
        """Be inside without anybody else.

        Raises:
            TimeoutError: There was somebody all the time.
        """
        with self._changed:
            self._wanting_to_be_alone += 1
            try:
                self._wait(lambda: not self._is_one_alone and not self._together, timeout_s)
                self._is_one_alone = True
            finally:
                self._wanting_to_be_alone -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._is_one_alone = False
                self._changed.notify_all()

    def _wait(self, is_free: Callable[[], bool], timeout_s: float) -> None:
        if not self._changed.wait_for(is_free, timeout_s):
            raise TimeoutError
