"""Shuts off the processes that open documents: no network, no other files, no privileges, and no way to get them back.

Each of these is used where the kernel allows it; none needs privileges, and none can be undone by the process:

- *No new privileges, no capabilities*, also for root: what cannot be opened by permission stays closed.
- *A network namespace* of its own, without any interface. Containers mostly refuse it.
- *A filter of system calls* (seccomp) that refuses sockets, other processes' memory and new namespaces.
- *Landlock* (Linux 5.13): of the file system only what is named can be opened.

Docker's default profile allows the last two.

The zygote calls :func:`isolate_process` once, each child :func:`confine_files`, and :func:`forbid_programs` unless
LibreOffice has to help.

Numbers are those of Linux's headers for programs, ``include/uapi/linux/{prctl,sched,seccomp,filter,audit,landlock}.h``,
system calls those of ``arch/x86/entry/syscalls/syscall_64.tbl`` and ``include/uapi/asm-generic/unistd.h`` (arm64).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM

from tenderlake.documents import Value

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION = 0x20080522
_CLONE_THREAD = 0x10000
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEW_ANY = 0x7E020000
"""A clone with any of these flags makes a namespace."""


class IsolationError(Exception):
    """The kernel refuses what it said that it can do."""


class Isolation(Value):
    """What shuts the processes off here. ``landlock_version``: 0 where there is no Landlock."""

    has_network_namespace: bool
    has_system_call_filter: bool
    landlock_version: int

    @property
    def words(self) -> str:
        """What is in force, for the log."""
        means = [
            name
            for name, is_set in (
                ("a network namespace of their own", self.has_network_namespace),
                ("a filter of system calls", self.has_system_call_filter),
                (f"Landlock {self.landlock_version}", bool(self.landlock_version)),
                ("no new privileges", True),
            )
            if is_set
        ]
        return ", ".join(means)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What documents that take a child over could do, and how to prevent it; nothing where all is well."""
        lacks = []
        if not self.has_network_namespace and not self.has_system_call_filter:
            lacks.append("reach the network: run on x86_64 or arm64 and allow seccomp filters (Docker's default does)")
        if not self.landlock_version:
            lacks.append("read files of this user: use a kernel with Landlock, and Docker 23 or later")
        return tuple(lacks)


def isolate_process() -> Isolation:
    """Take network and privileges from this process and all that it will start, as far as the kernel allows.

    The process must have one thread.

    Raises:
        IsolationError: It cannot even give up its privileges.
    """
    has_namespace = _leave_network()
    _drop_capabilities()
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    return Isolation(
        has_network_namespace=has_namespace,
        has_system_call_filter=_MACHINE is not None and _install(_base_filter(_MACHINE)) == 0,
        landlock_version=_landlock_version(),
    )


def forbid_programs(isolation: Isolation) -> None:
    """Refuse sockets, processes, programs and signals to others; raises :class:`IsolationError`.

    Threads are allowed: the library that unpacks RAR makes some.
    """
    if isolation.has_system_call_filter and _MACHINE is not None:
        _check(_install(_strict_filter(_MACHINE, os.getpid())), "seccomp filter")


def confine_files(isolation: Isolation, readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Let this process and all that it starts see nothing of the file system but these.

    Args:
        isolation: What is in force; without Landlock nothing is done.
        readable: Files and folders to be read and executed; those that are not there are left out.
        writable: Folders in which files and folders can be made, and files that are written.

    Raises:
        IsolationError: The kernel refuses.
    """
    version = isolation.landlock_version
    if not version:
        return
    every = _FS_ALL if version >= _TRUNCATE_SINCE else _FS_ALL & ~_FS_TRUNCATE
    if version < _REFER_SINCE:
        every &= ~_FS_REFER
    ruleset = _new_ruleset(every, version)
    try:
        for path in readable:
            _allow(ruleset, path, _FS_READ)
        for path in writable:
            _allow(ruleset, path, every & _FS_WRITE)
        _check(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _check(result: int, what: str) -> int:
    if result < 0:
        raise IsolationError(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


# Network namespace and capabilities


def _leave_network() -> bool:
    """Enter a network namespace with nothing in it; a user namespace is what lets a plain user do so."""
    if _libc.unshare(_CLONE_NEWNET) == 0:
        return True
    # There is no way back, and some kernels give a user namespace without any right in it: a child tries first.
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if _enter_user_namespace() else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status == 0 and _enter_user_namespace()


def _enter_user_namespace() -> bool:
    uid, gid = os.getuid(), os.getgid()
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    try:
        # The same numbers inside: files that are made belong to the user that made them.
        Path("/proc/self/setgroups").write_bytes(b"deny")
        Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (uid, uid))
        Path("/proc/self/gid_map").write_bytes(b"%d %d 1" % (gid, gid))
    except OSError:
        return False
    return True


def _drop_capabilities() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _check(_libc.capset(header, bytes(24)), "capset")  # effective, permitted and inheritable, twice 32 bits


# System calls


@dataclass(frozen=True)
class _Machine:
    """A processor: its number in ``audit.h`` and those of its system calls; None where it has no such call."""

    audit_arch: int
    socket: int
    connect: int
    bind: int
    listen: int
    clone: int
    tgkill: int
    refused_always: tuple[int, ...]
    """ptrace, process_vm_readv, process_vm_writev, unshare, setns, bpf, perf_event_open, userfaultfd, add_key,
    request_key, keyctl, open_by_handle_at."""
    starting: tuple[int, ...]
    """execve, execveat, fork, vfork."""
    signalling: tuple[int, ...]
    """kill, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo."""


_MACHINES = {
    "x86_64": _Machine(
        audit_arch=0xC000003E,
        socket=41,
        connect=42,
        bind=49,
        listen=50,
        clone=56,
        tgkill=234,
        refused_always=(101, 310, 311, 272, 308, 321, 298, 323, 248, 249, 250, 304),
        starting=(59, 322, 57, 58),
        signalling=(62, 200, 129, 297),
    ),
    "aarch64": _Machine(
        audit_arch=0xC00000B7,
        socket=198,
        connect=203,
        bind=200,
        listen=201,
        clone=220,
        tgkill=131,
        refused_always=(117, 270, 271, 97, 268, 280, 241, 282, 217, 218, 219, 265),
        starting=(221, 281),
        signalling=(129, 130, 138, 240),
    ),
}
_MACHINE = _MACHINES.get(platform.machine())
_REFUSED_ON_ALL = (425, 438)
"""io_uring_setup, which makes sockets past any filter, and pidfd_getfd, which takes those of others."""
_PIDFD_SEND_SIGNAL = 424
_CLONE3 = 435
_X32_CALLS_FROM = 0x40000000
_LOAD, _IS, _IS_AT_LEAST, _HAS_ANY, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24
_SOCKET_TYPE_MASK = 0xF
_ALLOW = 0x7FFF0000
_Instruction = tuple[int, int, int, int]
"""Code, how many to skip where it is true, and where it is not, and the operand."""


def _refusal(number: int) -> _Instruction:
    return _RETURN, 0, 0, 0x00050000 | number


_ALLOWED: _Instruction = (_RETURN, 0, 0, _ALLOW)


def _refuse(calls: Iterable[int], number: int) -> list[_Instruction]:
    return [step for call in calls for step in ((_IS, 0, 1, call), _refusal(number))]


def _native_calls_only(machine: _Machine) -> list[_Instruction]:
    """The calls of another processor or of x32 have other numbers, and would pass by."""
    return [
        (_LOAD, 0, 0, _ARCH_AT),
        (_IS, 1, 0, machine.audit_arch),
        _refusal(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IS_AT_LEAST, 0, 1, _X32_CALLS_FROM),
        _refusal(errno.EPERM),
        # Its flags lie in memory, where no filter can look; the C library then uses clone.
        *_refuse([_CLONE3], errno.ENOSYS),
    ]


def _base_filter(machine: _Machine) -> list[_Instruction]:
    """What no process here may do.

    LibreOffice does not start without a local socket on which others of its kind could call. It gets one, and is told
    that it is bound and listens: so it needs no folder for it, and nobody else's socket can be reached.
    """
    return [
        *_native_calls_only(machine),
        *_refuse([*machine.refused_always, *_REFUSED_ON_ALL], errno.EPERM),
        *_refuse([machine.connect], errno.ECONNREFUSED),
        *_refuse([machine.bind, machine.listen], 0),
        (_IS, 0, 4, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_HAS_ANY, 0, 1, _CLONE_NEW_ANY),
        _refusal(errno.EPERM),
        _ALLOWED,
        (_IS, 0, 7, machine.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IS, 0, 3, AF_UNIX),
        (_LOAD, 0, 0, _SECOND_ARGUMENT_AT),
        (_AND, 0, 0, _SOCKET_TYPE_MASK),
        (_IS, 1, 0, SOCK_STREAM),
        _refusal(errno.EACCES),
        _ALLOWED,
        _ALLOWED,
    ]


def _strict_filter(machine: _Machine, pid: int) -> list[_Instruction]:
    return [
        *_native_calls_only(machine),
        *_refuse([machine.socket], errno.EACCES),
        *_refuse([*machine.starting, *machine.signalling, _PIDFD_SEND_SIGNAL], errno.EPERM),
        (_IS, 0, 4, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_HAS_ANY, 1, 0, _CLONE_THREAD),
        _refusal(errno.EPERM),
        _ALLOWED,
        # A process that gives up sends itself a signal.
        (_IS, 0, 3, machine.tgkill),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IS, 1, 0, pid),
        _refusal(errno.EPERM),
        _ALLOWED,
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _install(instructions: Sequence[_Instruction]) -> int:
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = _Program(len(instructions), code)
    return int(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0))


# Landlock

_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_ASK_VERSION = 1
_LANDLOCK_PATH_BENEATH = 1
_FS_ALL = (1 << 15) - 1
_FS_EXECUTE, _FS_WRITE_FILE, _FS_READ_FILE, _FS_READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FS_REMOVE_DIR, _FS_REMOVE_FILE, _FS_MAKE_DIR, _FS_MAKE_REG, _FS_MAKE_SOCK = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 9
_FS_REFER, _FS_TRUNCATE = 1 << 13, 1 << 14
_FS_READ = _FS_EXECUTE | _FS_READ_FILE | _FS_READ_DIR
_FS_WRITE = (
    _FS_WRITE_FILE | _FS_READ_FILE | _FS_READ_DIR | _FS_REMOVE_DIR | _FS_REMOVE_FILE | _FS_MAKE_DIR | _FS_MAKE_REG
    | _FS_MAKE_SOCK | _FS_REFER | _FS_TRUNCATE
)  # fmt: skip
"""No links, pipes or devices: nothing of ours makes one."""
_FS_OF_FILES = _FS_EXECUTE | _FS_WRITE_FILE | _FS_READ_FILE | _FS_TRUNCATE
_REFER_SINCE, _TRUNCATE_SINCE, _NETWORK_SINCE, _SCOPES_SINCE = 2, 3, 4, 6
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def _landlock_version() -> int:
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_ASK_VERSION)))


def _new_ruleset(every: int, version: int) -> int:
    """What is handled is refused unless a rule allows it; TCP and signals to other processes are refused altogether."""
    network = _TCP_BIND_AND_CONNECT if version >= _NETWORK_SINCE else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", every, network, scopes)
    ruleset = _libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    return int(_check(ruleset, "landlock_create_ruleset"))


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        allowed = access if path.is_dir() else access & _FS_OF_FILES
        rule = struct.pack("=Qi", allowed, descriptor)
        _check(_libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_PATH_BENEATH, rule, 0), "landlock_add_rule")
    finally:
        os.close(descriptor)
