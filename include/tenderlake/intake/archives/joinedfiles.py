"""Several files read as one: what the parts of a ZIP archive are (APPNOTE 8)."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import IO


class JoinedFiles(io.RawIOBase):
    """Several files read as one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files: list[IO[bytes]] = [path.open("rb", buffering=0) for path in paths]
        self.starts = [0]
        """Where each file begins, and where the last one ends."""
        for path in paths:
            self.starts.append(self.starts[-1] + path.stat().st_size)
        self._place = 0

    def close(self) -> None:
        """Close all of them."""
        for file in self._files:
            file.close()
        super().close()

    def readable(self) -> bool:
        """They are."""
        return True

    def seekable(self) -> bool:
        """They are."""
        return True

    def tell(self) -> int:
        """How far from the beginning of the first."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in all of them together."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.starts[-1]}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any buffer, says the base
        """Fill a buffer, or a part of it."""
        if self._place >= self.starts[-1]:
            return 0
        number = bisect_right(self.starts, self._place) - 1
        file = self._files[number]
        file.seek(self._place - self.starts[number])
        data = file.read(min(len(buffer), self.starts[number + 1] - self._place))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
