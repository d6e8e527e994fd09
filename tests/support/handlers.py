"""Handlers that a test writes, run in a process of their own; and a look at what they leave."""

from __future__ import annotations

import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from collab.jobs.context import JobContext, JobError, Result
from collab.jobs.handlers.conversation import run_handler

from .waiting import PATIENCE

#: Calls a handler's source: `call(source, {"a": 1}, memory_mb=128)`.
Call = Callable[..., Result]


def context(timeout_s: float = 60) -> JobContext:
    """Make the context of a run."""
    return JobContext(job_id=7, attempt=2, owner_id=1, project_id=None, timeout_s=timeout_s)


def written(folder: Path, source: str, name: str = "made") -> Path:
    """Write a handler's file."""
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(source))
    return path


class Running:
    """A handler that runs in a thread of its own, as in the pool."""

    def __init__(self, ctx: JobContext, handler: Path, event: dict[str, Any]) -> None:
        self.ctx, self._handler, self._event = ctx, handler, event
        self.said = ""
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = run_handler(self.ctx, self._handler, self._event)
        except BaseException as error:
            self._error = error

    def heard(self, what: str) -> bool:
        """Tell whether the handler has said something: in the log, in print or as progress."""
        report = self.ctx.take_report()
        self.said += "".join(one.text for one in report.said) + (report.message or "")
        return what in self.said

    def outcome(self) -> Result:
        """Wait for the end; raises what it raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it does not end"
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result


def refused(call: Call, source: str, **options: Any) -> JobError:
    """Call a handler that fails, and return how."""
    import pytest  # as a program, this starts without

    with pytest.raises(JobError) as raised:
        call(source, **options)
    return raised.value


def said(ctx: JobContext, stream: str) -> str:
    """Return what a run has written to a stream since the last look."""
    return "".join(one.text for one in ctx.take_report().said if one.stream == stream)


def processes_in(folder: Path) -> list[int]:
    """Return the processes that work in a folder, or did before it was removed."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                place = str((entry / "cwd").readlink())
            except OSError:  # it has ended, or is a zombie
                continue
            if place.startswith(str(folder)):
                found.append(int(entry.name))
    return found


def children() -> list[str]:
    """Return the processes that are below this one, zombies included."""
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += (task / "children").read_text().split()
    return found


def descriptors() -> set[str]:
    """Return what this process has open."""
    found = set()
    for entry in _open_entries():
        with suppress(FileNotFoundError):  # another thread has just closed it
            found.add(f"{entry.name}: {entry.readlink()}")
    return found


def _open_entries() -> list[Path]:
    return [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]


if __name__ == "__main__":  # a server that runs a handler: `python -m this FOLDER HANDLER`
    tempfile.tempdir = sys.argv[1]
    run_handler(context(), Path(sys.argv[2]), {})
