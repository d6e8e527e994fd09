"""Running code in the sandbox as root and as an ordinary user, and without it, to compare."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.execution import seccomp
from collab.execution.command import Tools
from collab.execution.languages import LANGUAGES
from collab.execution.outcome import Outcome
from collab.execution.running import NOBODY_LISTENS, Listener, Program, run

#: A user without a name, without rights, and not the one that root becomes (65534).
ORDINARY = 23456
_FOUND = Tools.find()
TOOLS = _FOUND if isinstance(_FOUND, Tools) else Tools(*["/nowhere"] * 5)

needs_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap"
)
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="needs Node: apt-get install nodejs"
)
PYTHON = pytest.param("python")
JAVASCRIPT = pytest.param("javascript", marks=needs_node)
IN_BOTH = pytest.mark.parametrize("language", [PYTHON, JAVASCRIPT])


def program(code: str, language: str = "python", **how: Any) -> Program:
    """Make what is to be run: `wall_s` (5 s) and `stdin` may be given."""
    spoken = LANGUAGES[language]
    return Program(spoken, str(spoken.interpreter()), code, how.pop("wall_s", 5), **how)


def execute(
    code: str, language: str = "python", listener: Listener = NOBODY_LISTENS, **how: Any
) -> Outcome:
    """Run code in the sandbox, as who we are."""
    return run(program(code, language, **how), TOOLS, listener)


def execute_as_ordinary(code: str, language: str = "python", **how: Any) -> Outcome:
    """Run code in the sandbox, as an ordinary user; by a process of its own if we are root."""
    if os.geteuid() != 0:
        return execute(code, language, **how)
    seccomp.program()  # what it imports may be out of the other's reach
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        become(ORDINARY)
        theirs.send(execute(code, language, **how))

    process = context.Process(target=work)
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        ours.close()
        process.join()
        process.close()


def become(user: int) -> None:
    """Become another user for good."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def bare(code: str, language: str = "python") -> str:
    """Run code without any sandbox; returns what it wrote. Only for what does no harm."""
    spoken = LANGUAGES[language]
    options = [one for one in spoken.options if one != "--no-addons"]  # a wall of the sandbox
    words = [str(spoken.interpreter()), *options, "-e" if language == "javascript" else "-c"]
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


def descendants(process: int) -> set[int]:
    """Return all processes below a process that run."""
    found: set[int] = set()
    waiting = [process]
    while waiting:
        below = children(waiting.pop())
        waiting += below
        found.update(one for one in below if alive(one))
    return found


Execute = Callable[..., Outcome]


def seccomp_number(name: str) -> int:
    """Return the number of a system call on this machine."""
    import pyseccomp

    return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name))
