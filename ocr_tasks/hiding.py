"""Keeps what this process knows from processes of the same user, such as those that handle documents for it."""

from __future__ import annotations

import ctypes
import logging
import os

log = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4


def hide_from_processes_of_the_same_user() -> None:
    """Have the kernel refuse them this process's variables and memory (``/proc/<pid>/environ``, ``mem``, ptrace).

    A child that is given none of the secrets could read them there. Programs that are started later are not hidden:
    the kernel forgets this when they begin. Files in ``/proc/self`` belong to root from now on: what an unprivileged
    process has to write there, such as ``oom_score_adj``, it has to write before.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        log.warning("this process cannot be hidden from its children: %s", os.strerror(ctypes.get_errno()))
