"""The compiled filters: they say what their rules say, on processors that are not here too."""

from __future__ import annotations

import errno
import itertools
import mmap
import socket
from pathlib import Path

import pytest

from collab.execution.boxes import seccomp
from collab.execution.boxes.seccomp.denied import DENIED_CALLS

from . import bpf

pyseccomp = pytest.importorskip("pyseccomp", reason="needs libseccomp: apt-get install libseccomp2")
rules = pytest.importorskip("collab.execution.boxes.seccomp.rules")

ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
REFUSED, NOT_THERE = ERROR | errno.EPERM, ERROR | errno.ENOSYS
#: As the kernel names the processors (linux/audit.h).
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

machines = pytest.mark.parametrize("machine", ARCH)


def kept(machine: str) -> bytes:
    return (Path(seccomp.__file__).parent / f"{machine}.bpf").read_bytes()


def number(machine: str, name: str) -> int:
    return int(pyseccomp.resolve_syscall(rules.MACHINES[machine], name))


def ask(machine: str, name: str, *arguments: int) -> int:
    return bpf.answer(kept(machine), ARCH[machine], number(machine, name), arguments)


@machines
def test_what_is_kept_answers_as_what_is_compiled_from_the_rules(machine: str) -> None:
    made, there = rules.program(machine), kept(machine)
    if made == there:
        return  # another version of libseccomp may compile to other instructions
    values = (0, 2, 0x40121, 0x10000, 1031)
    for call, one, other in itertools.product(range(-1, 600), values, values):
        asked = (ARCH[machine], call & 0xFFFFFFFF, (one, other, one, other))
        assert bpf.answer(made, *asked) == bpf.answer(there, *asked)


@machines
def test_each_denied_call_is_refused(machine: str) -> None:
    there = [name for name in DENIED_CALLS if number(machine, name) >= 0]
    assert len(there) > 60
    assert {name: ask(machine, name) for name in there} == dict.fromkeys(there, REFUSED)


@machines
def test_what_programs_live_by_is_allowed(machine: str) -> None:
    for name in ("read", "write", "openat", "close", "futex", "exit_group", "execve"):
        assert ask(machine, name) == ALLOW
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    assert ask(machine, "mmap", 0, 4096, 3, private) == ALLOW
    assert ask(machine, "socket", socket.AF_UNIX) == ALLOW
    assert ask(machine, "clone", rules.CLONE_THREAD) == ALLOW


@machines
def test_arguments_decide_about_processes_networks_and_memory(machine: str) -> None:
    assert ask(machine, "clone", 0x11) == REFUSED
    assert ask(machine, "clone3") == NOT_THERE
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, 40):
        assert ask(machine, "socket", family) == REFUSED
    shared = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    assert ask(machine, "mmap", 0, 4096, 3, shared) == REFUSED
    assert ask(machine, "fcntl", 3, 1031 | 2**40) == REFUSED


@machines
def test_calls_younger_than_the_list_are_not_there(machine: str) -> None:
    for call in (450, 457, 480, 511):
        assert bpf.answer(kept(machine), ARCH[machine], call) == NOT_THERE


@machines
def test_a_call_of_another_processor_ends_the_code(machine: str) -> None:
    assert bpf.answer(kept(machine), 0x40000003, 20) in (KILL, KILL >> 32)
