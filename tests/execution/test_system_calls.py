"""System calls from inside the sandbox: what the filter refuses, and what it leaves."""

from __future__ import annotations

import os

import pytest

from collab.execution.boxes.seccomp.denied import DENIED_CALLS

from . import support
from .support import IN_BOTH, Execute, needs_bubblewrap
from .together import Together

pyseccomp = pytest.importorskip("pyseccomp", reason="needs libseccomp: apt-get install libseccomp2")

pytestmark = [needs_bubblewrap, pytest.mark.usefixtures("healthy")]

#: What is called by code that is written here; each piece's test is below it.
CALLS = Together()

CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(ctypes.c_long({number}), *[ctypes.c_long(-1)] * 6), ctypes.get_errno())
"""

#: With arguments that make no sense these do something all the same, or end the process.
UNTRIED = {"fork", "vfork", "vhangup", "reboot"}


def numbers() -> dict[str, int]:
    """Return the denied calls that this architecture has."""
    found = {one: pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, one) for one in DENIED_CALLS}
    return {name: number for name, number in found.items() if number >= 0}


def test_each_denied_call_is_denied(execute: Execute) -> None:
    wanted = {name: number for name, number in numbers().items() if name not in UNTRIED}
    code = "\n".join(CALL.format(number=number) for number in wanted.values())
    answers = dict(zip(wanted, execute(code).stdout.splitlines(), strict=True))
    assert {name: answer for name, answer in answers.items() if answer != "-1 1"} == {}


CLONES = {
    flags: CALLS.add(
        python=f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
number = {support.seccomp_number("clone")}
libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, ({flags}, 0, 0, 0, 0)))
print(errno.errorcode[ctypes.get_errno()])
"""
    )
    for flags in (0, 0x10000000, 0x11)
}


@pytest.mark.parametrize("flags", CLONES)
def test_clone_makes_no_process(execute: Execute, flags: int) -> None:
    assert CLONES[flags].said(execute) == "EPERM\n"


NOT_THERE = {
    name: CALLS.add(python=CALL.format(number=number))
    for name, number in {
        "clone3": support.seccomp_number("clone3"),
        **{str(number): number for number in (451, 460, 500)},
    }.items()
}


@pytest.mark.parametrize("name", NOT_THERE)
def test_calls_that_the_filter_can_not_judge_are_not_there(execute: Execute, name: str) -> None:
    assert NOT_THERE[name].said(execute) == "-1 38\n"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs an x86-64 processor: has x32")
def test_a_call_of_another_architecture_ends_the_code(execute: Execute) -> None:
    outcome = execute(CALL.format(number=0x40000000 + 39))
    assert (outcome.exit_code, outcome.signal) == (128 + 31, "SIGSYS")


FAMILIES = {
    "AF_INET": 2,
    "AF_INET6": 10,
    "AF_NETLINK": 16,
    "AF_PACKET": 17,
    "AF_ALG": 38,
    "AF_VSOCK": 40,
    "high bits": 2**32 + 2,
}
SOCKETS = {
    name: CALLS.add(
        python=f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
number = ctypes.c_long({support.seccomp_number("socket")})
print(libc.syscall(number, ctypes.c_long({family}), 1, 0), ctypes.get_errno())
"""
    )
    for name, family in FAMILIES.items()
}


@pytest.mark.parametrize("family", SOCKETS)
def test_no_socket_of_a_network_can_be_made(execute: Execute, family: str) -> None:
    assert SOCKETS[family].said(execute) == "-1 1\n"


PAIR = CALLS.add(python="import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))")


def test_a_pair_of_sockets_within_the_box_can_be_made(execute: Execute) -> None:
    assert PAIR.said(execute) == "b'x'\n"


CONNECT = CALLS.add(
    python="""
import socket
try:
    socket.create_connection(('192.0.2.1', 80))
except OSError as error:
    print(error.errno)
""",
    javascript="require('net').connect(80, '192.0.2.1')"
    ".on('error', (error) => console.log(-error.errno))",
)


@IN_BOTH
def test_nobody_is_found_outside(execute: Execute, language: str) -> None:
    assert CONNECT.said(execute, language) == "1\n"
