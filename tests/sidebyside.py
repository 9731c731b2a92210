"""How tests are dealt out where several processes run them: file by file.

The tests of a file share what they have started and prepared, and so do the files of :data:`_LIBRARY`.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

_LIBRARY = ("tests/corpus/test_document_types.py", "tests/corpus/test_field_accuracy.py")
"""They read the same documents, by Tesseract."""


class _ByFile(LoadFileScheduling):
    """Each file to one process, with the most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _LIBRARY[0] if file in _LIBRARY else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    """Called by pytest-xdist."""
    return _ByFile(config, log)
