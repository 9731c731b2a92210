"""Stops the process at once when it is told to, whatever its main thread is doing.

Python runs a signal handler between two of its own instructions; while a native engine works on a page that can take
minutes, and a container that has not stopped after ten seconds is killed with 137, which would read as "out of memory".
So a thread of its own waits for the signal, which the interpreter's C handler passes on through a wake-up descriptor.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable

from ocr_tasks.contract import ExitCode

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_UPLOAD_GRACE_S = 5.0


def exit_when_told(finish_uploads: Callable[[float], None]) -> None:
    """End the process with ``TEMPORARY`` on SIGTERM and SIGINT. Call it once, from the main thread.

    Args:
        finish_uploads: Waits until no result is being stored, for so many seconds at most, so that a page that has
            just been read is not read again.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    for number in _SIGNALS:
        signal.signal(number, lambda _number, _frame: None)
    signal.set_wakeup_fd(sender.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(receiver, finish_uploads), name="termination", daemon=True).start()


def _wait(receiver: socket.socket, finish_uploads: Callable[[float], None]) -> None:
    while True:
        received = receiver.recv(1)
        if received and received[0] in _SIGNALS:
            break
    finish_uploads(_UPLOAD_GRACE_S)
    log.warning("told to stop (%s): pages without a result are left for a retry", signal.Signals(received[0]).name)
    os._exit(ExitCode.TEMPORARY)
