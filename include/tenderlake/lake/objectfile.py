"""One version of an object in S3 as a file that Arrow reads pieces of."""

from __future__ import annotations

import io

from tenderlake.storage import ObjectInfo, Storage

_TAIL_BYTES = 1 << 18
"""Read at once with the first request: mostly the whole footer, or the whole file."""


class ObjectFile(io.RawIOBase):
    """Reads what is asked for and nothing else; every piece is of the same version.

    Reading raises :class:`tenderlake.storage.ConditionFailedError` when the object has been written since.
    """

    def __init__(self, storage: Storage, item: ObjectInfo) -> None:
        super().__init__()
        self._storage, self._item = storage, item
        self._position = 0
        self._tail_start = max(0, item.size_bytes - _TAIL_BYTES)
        self._tail: bytes | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next piece begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._item.size_bytes}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, up to the end of the file."""
        left = max(0, self._item.size_bytes - self._position)
        size = left if size < 0 else min(size, left)
        piece = self._piece(self._position, size) if size else b""
        self._position += len(piece)
        return piece

    def _piece(self, start: int, size: int) -> bytes:
        if start < self._tail_start:
            return self._storage.get_range(self._item.key, start, size, etag=self._item.etag)
        if self._tail is None:
            length = self._item.size_bytes - self._tail_start
            self._tail = self._storage.get_range(self._item.key, self._tail_start, length, etag=self._item.etag)
        return self._tail[start - self._tail_start :][:size]
