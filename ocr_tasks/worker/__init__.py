"""Runs an engine in a child process that can be killed and replaced: engines hang, crash and grow.

::

    WorkerReader (reader.py) ── WorkerProcess (process.py) ──socket, frames (wire.py)──> __main__.py: engine
    whom to blame, whom to                one child: starting,                            loads in its main thread,
    read again, when to replace           answers, deadlines, its end                     reads pages from threads

The child handles hostile documents, so nothing that it says is believed before it is checked, and it gets
no secrets but what its engine itself asks a server with.
"""

from ocr_tasks.worker.process import WorkerLimits
from ocr_tasks.worker.reader import WorkerReader

__all__ = ["WorkerLimits", "WorkerReader"]
