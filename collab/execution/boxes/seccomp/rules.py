"""What the filter says, and the command that compiles it: nothing of the service imports this.

    python -m collab.execution.boxes.seccomp.rules

writes a program for each processor next to this file, with the system's libseccomp, which knows the
numbers for all of them. The service needs only the programs.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

import pyseccomp  # type: ignore[import-untyped]
from pyseccomp import ERRNO, MASKED_EQ, NE, Arch, Arg

from .denied import DENIED_CALLS

#: clone(2): the flag that makes a thread instead of a process.
CLONE_THREAD = 0x00010000
#: mmap(2): flags of memory that RLIMIT_DATA does not count.
MAP_SHARED = 0x01
MAP_ANONYMOUS = 0x20
MAP_GROWSDOWN = 0x0100
MAP_HUGETLB = 0x40000
#: The first number that was not assigned when this list was made: futex_waitv(2) has the one
#: before. From there on all processors share their numbers.
FIRST_UNKNOWN = 450
LAST_UNKNOWN = 511
#: The processors for which a program is compiled, as uname(2) calls them.
MACHINES = {"x86_64": Arch.X86_64, "aarch64": Arch.AARCH64}

#: Instructions of classic BPF (linux/bpf_common.h), and the offset of nr in struct seccomp_data.
LOAD_WORD = 0x20
JUMP_IF_AT_LEAST = 0x35
JUMP_IF_GREATER = 0x25
RETURN_CODE = 0x06
NUMBER_OFFSET = 0
RETURN_ERROR = 0x00050000


def program(machine: str) -> bytes:
    """Return the filter for a processor as its kernel takes it (classic BPF)."""
    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # Calls of another architecture (x32, 32 bits) would evade the numbers below.
    made.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    if MACHINES[machine] != pyseccomp.system_arch():
        made.add_arch(MACHINES[machine])
        made.remove_arch(Arch.NATIVE)
    _deny_by_name(made)
    _deny_by_argument(made)
    return _newer_hidden() + _exported(made)


def _deny_by_name(made: pyseccomp.SyscallFilter) -> None:
    for name in DENIED_CALLS:
        # libseccomp takes this machine's numbers and translates them. A call whose name it does not
        # know can't be made either.
        number = pyseccomp.resolve_syscall(Arch.NATIVE, name)
        if number >= 0:
            made.add_rule(ERRNO(errno.EPERM), number)


def _deny_by_argument(made: pyseccomp.SyscallFilter) -> None:
    """Deny by arguments: new processes, networks, and memory that is not counted."""
    refused = ERRNO(errno.EPERM)
    made.add_rule(refused, "clone", Arg(0, MASKED_EQ, CLONE_THREAD, 0))
    # Its flags are behind a pointer, out of reach; if told that there is no such call, libc uses
    # clone.
    made.add_rule(ERRNO(errno.ENOSYS), "clone3")
    for call in ("socket", "socketpair"):
        made.add_rule(refused, call, Arg(0, NE, socket.AF_UNIX))
    for flags in (MAP_SHARED | MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_HUGETLB):
        made.add_rule(refused, "mmap", Arg(3, MASKED_EQ, flags, flags))
    made.add_rule(refused, "prlimit64", Arg(0, NE, 0))
    # The kernel looks at 32 bits of it; the bits above them may be anything.
    made.add_rule(refused, "fcntl", Arg(1, MASKED_EQ, 2**32 - 1, fcntl.F_SETPIPE_SZ))


def _newer_hidden() -> bytes:
    """Return instructions that answer calls newer than the list as an older kernel does: ENOSYS."""
    steps = (
        (LOAD_WORD, 0, 0, NUMBER_OFFSET),
        (JUMP_IF_AT_LEAST, 0, 2, FIRST_UNKNOWN),
        (JUMP_IF_GREATER, 1, 0, LAST_UNKNOWN),
        (RETURN_CODE, 0, 0, RETURN_ERROR | errno.ENOSYS),
    )
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _exported(made: pyseccomp.SyscallFilter) -> bytes:
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()


if __name__ == "__main__":
    for name in MACHINES:
        Path(__file__).with_name(f"{name}.bpf").write_bytes(program(name))
