"""The process that runs a handler (`host.py`): its start, its pipes, and its end in any case."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from ..context import JobError
from . import host

#: Imports `host.py` and runs it. What is imported is compiled once, and by the server if need be; a
#: program that is started is compiled each time, which takes a fifth of what a start does.
START_COMMAND = """
import importlib.util, sys
program, server, descriptor = sys.argv[1:]
spec = importlib.util.spec_from_file_location("collab_host", program)
host = importlib.util.module_from_spec(spec)
spec.loader.exec_module(host)
host.main(int(server), int(descriptor))
"""
#: A handler's whole environment, besides TMPDIR: nothing of the server's.
HANDLER_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
#: Requests to the server go first: processes that run handlers are nicer by this much.
NICER_BY = 10
#: Seconds after which a supervisor that should have ended is killed with its group.
GRACE_S = 1.0


class HostProcess:
    """A supervisor and all processes below it; after the `with` block none of them is left."""

    def __init__(self, request: bytes, folder: str) -> None:
        self._lock = threading.Lock()
        self._reaped = False
        reader, writer = os.pipe()
        try:
            self._popen = _start(request, folder, writer)
            _give_way(self._popen.pid)
        except OSError as error:
            os.close(reader)
            raise JobError("not_started", f"No process could be started: {error}.") from error
        finally:
            os.close(writer)
        self.pipes = _pipes(self._popen, reader)

    def __enter__(self) -> HostProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        deadline = time.monotonic() + GRACE_S
        while not self.gone() and time.monotonic() < deadline:
            time.sleep(0.001)
        with self._lock:  # nobody has waited for the leader yet, so the group is still its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
            self._reaped = True
        for pipe in self.pipes.values():
            pipe.close()

    def end(self) -> None:
        """Have the supervisor kill all that it started, and end; any thread may call this."""
        with self._lock:
            if not self._reaped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._popen.pid, signal.SIGTERM)

    def gone(self) -> bool:
        """Return whether the supervisor has ended; it stays a zombie, and keeps its number."""
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self._popen.pid, look) is not None
        except ChildProcessError:
            return True

    @property
    def exit_code(self) -> int:
        """Return how it ended, as a shell has it: the exit code, or 128 + the signal's number."""
        code = self._popen.returncode
        return code if code >= 0 else 128 - code


def _start(request: bytes, folder: str, writer: int) -> subprocess.Popen[bytes]:
    words = [START_COMMAND, host.__file__, str(os.getpid()), str(writer)]
    command = [sys.executable, "-I", "-B", "-c", *words]
    # A file, not a pipe: a process that does not read can't block us.
    with tempfile.TemporaryFile(dir=folder) as stdin:
        stdin.write(request)
        stdin.seek(0)
        return subprocess.Popen(  # noqa: S603 - our own interpreter and program
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=folder,
            env=HANDLER_ENVIRONMENT | {"TMPDIR": folder},
            umask=0o077,
            pass_fds=(writer,),
            start_new_session=True,
        )


def _give_way(pid: int) -> None:
    """Give the server priority for the CPU over a process and its children."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + NICER_BY)
        # Linux may schedule sessions as groups (sched(7)); then it asks how nice the group is.
        Path(f"/proc/{pid}/autogroup").write_text(str(NICER_BY))


def _pipes(popen: subprocess.Popen[bytes], reader: int) -> dict[str, IO[bytes]]:
    messages: IO[bytes] = os.fdopen(reader, "rb", buffering=0)
    found = {"messages": messages, "stdout": popen.stdout, "stderr": popen.stderr}
    return {name: pipe for name, pipe in found.items() if pipe is not None}
