"""The system calls that the code may not make: a seccomp filter (seccomp(2)), made by libseccomp.

It is the second wall. Namespaces hide what is outside; this keeps what is inside from making
processes, from memory that no limit counts, and from the kernel's less trodden paths.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import socket
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyseccomp  # type: ignore[import-untyped]

#: clone(2): the flag that makes a thread instead of a process.
CLONE_THREAD = 0x00010000
#: mmap(2): flags of memory that RLIMIT_DATA does not count.
MAP_SHARED, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_HUGETLB = 0x01, 0x20, 0x0100, 0x40000
#: The first number that was not given when this list was made: futex_waitv(2) has the one before.
FIRST_UNKNOWN, LAST_UNKNOWN = 450, 511

PROCESSES = "fork vfork ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise"
NAMESPACES = "unshare setns chroot pivot_root mount umount umount2 move_mount open_tree fsopen"
MOUNTS = "fsconfig fsmount fspick mount_setattr name_to_handle_at open_by_handle_at"
SHARED_MEMORY = "memfd_create memfd_secret shmget shmat shmctl shmdt vmsplice"
QUEUES = "semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink"
RINGS = "io_uring_setup io_uring_enter io_uring_register"
KERNEL = "bpf perf_event_open userfaultfd keyctl add_key request_key seccomp personality"
MEMORY_POLICY = "mbind set_mempolicy get_mempolicy migrate_pages move_pages process_mrelease"
MACHINE = "reboot kexec_load kexec_file_load init_module finit_module delete_module syslog acct"
CLOCKS = "settimeofday stime clock_settime clock_adjtime adjtimex sethostname setdomainname"
DEVICES = "swapon swapoff quotactl quotactl_fd iopl ioperm modify_ldt fanotify_init vhangup"
#: What is the kernel's own memory without end, and what makes everybody wait for the disk.
KERNEL_MEMORY = "inotify_init inotify_init1 inotify_add_watch"
DISK = "sync syncfs"
OLD = "lookup_dcookie nfsservctl uselib ustat sysfs _sysctl afs_syscall vserver create_module"

DENIED = " ".join(
    (
        *(PROCESSES, NAMESPACES, MOUNTS, SHARED_MEMORY, QUEUES, RINGS),
        *(KERNEL, MEMORY_POLICY, MACHINE, CLOCKS, DEVICES, KERNEL_MEMORY, DISK, OLD),
    )
).split()


@functools.cache
def program() -> bytes:
    """Return the filter as the kernel takes it (classic BPF), made once.

    Raises ImportError or RuntimeError where pyseccomp or libseccomp2 is not installed.
    """
    import pyseccomp  # loading it starts ldconfig: not before code is run

    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # Calls of another architecture (x32, 32 bits) would go past the numbers below.
    made.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    _deny_by_name(made)
    _deny_by_argument(made)
    _hide_newer(made)
    return _exported(made)


def _deny_by_name(made: pyseccomp.SyscallFilter) -> None:
    import pyseccomp

    for name in DENIED:
        # A name that this architecture or library does not know can't be called by it either.
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        if number >= 0:
            made.add_rule(pyseccomp.ERRNO(errno.EPERM), number)


def _deny_by_argument(made: pyseccomp.SyscallFilter) -> None:
    """Deny what depends on arguments: new processes, networks, and memory that is not counted."""
    from pyseccomp import ERRNO, MASKED_EQ, NE, Arg

    refused = ERRNO(errno.EPERM)
    made.add_rule(refused, "clone", Arg(0, MASKED_EQ, CLONE_THREAD, 0))
    # Its flags are behind a pointer, out of reach; told that there is none, libc takes clone.
    made.add_rule(ERRNO(errno.ENOSYS), "clone3")
    for call in ("socket", "socketpair"):
        made.add_rule(refused, call, Arg(0, NE, socket.AF_UNIX))
    for flags in (MAP_SHARED | MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_HUGETLB):
        made.add_rule(refused, "mmap", Arg(3, MASKED_EQ, flags, flags))
    made.add_rule(refused, "prlimit64", Arg(0, NE, 0))
    # The kernel looks at 32 bits of it; what is above them may be anything.
    made.add_rule(refused, "fcntl", Arg(1, MASKED_EQ, 2**32 - 1, fcntl.F_SETPIPE_SZ))


def _hide_newer(made: pyseccomp.SyscallFilter) -> None:
    """Answer calls that are younger than the list as an older kernel would: ENOSYS."""
    import pyseccomp

    for number in range(FIRST_UNKNOWN, LAST_UNKNOWN + 1):
        made.add_rule(pyseccomp.ERRNO(errno.ENOSYS), number)


def _exported(made: pyseccomp.SyscallFilter) -> bytes:
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()


def opened() -> BinaryIO:
    """Return the filter as an open file, for one box to read."""
    file = os.fdopen(os.memfd_create("seccomp"), "w+b")
    file.write(program())
    file.seek(0)
    return file
