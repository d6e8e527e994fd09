"""Starts servers by forking a process that has imported the application: `python -m` this.

Importing takes ten times as long as all else that a start needs, and a hundred tests want a
server that can be killed. A request is a line of JSON on standard input, its answer one on standard
output. A child leaves the loop and becomes what `python app.py` or `python -m MODULE` would be, to
the end of the interpreter, so that coverage is saved as elsewhere.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

ROOT = Path(__file__).resolve().parents[2]


class Forked:
    """A process that the fork server started, with as much of `Popen` as servers' tests use."""

    def __init__(self, forks: ForkServer, pid: int) -> None:
        self.pid, self.returncode = pid, None
        self._forks, self._ended = forks, os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code; raises subprocess.TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked server", timeout or 0)
        return code

    def _look(self, patience: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], patience)[0]:
            status = self._forks.ask(reap=self.pid)["status"]
            self.returncode = os.waitstatus_to_exitcode(status)
            os.close(self._ended)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(15)

    def kill(self) -> None:
        self.send_signal(9)


class ForkServer:
    """The parent of forked servers, as a test's process sees it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> Any:
        """Send a request and return its answer."""
        with self._lock:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            return json.loads(self._process.stdout.readline())

    def start(
        self, command: list[str], environ: dict[str, str], output: Path, errors: Path | None = None
    ) -> Forked:
        """Start `app.py ...` or `-m MODULE ...` in a session of its own.

        `errors` is what it says on standard error, if that is not to be in the output.
        """
        files = [str(output), str(errors or output)]
        started = self.ask(command=command, environ=environ, files=files)
        return Forked(self, started["pid"])

    def close(self) -> None:
        """End; servers that still run go on."""
        self._process.stdin.close()
        self._process.stdout.close()
        # A process that a failed test left behind may hold the other end open.
        self._process.terminate()
        self._process.wait()


def _import_all() -> None:
    """Import what a server imports, by building an application that nobody uses."""
    # All but the first come as late as they are asked for: by most servers here, each time.
    for name in ("collab.server", "flask_migrate", "pycrdt", "gunicorn.glogging"):
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        importlib.import_module("collab").create_app({"INSTANCE_PATH": folder})
    configure_mappers()  # else each child's first query does
    importlib.import_module("tests.support.measuring").pass_on()
    # Each child looks for garbage before it serves, and would look, and write, through all of this.
    gc.collect()
    gc.freeze()


def _next_child() -> dict[str, Any]:
    """Answer requests; return one in the child that is to carry it out. The parent exits."""
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        if "reap" in request:
            answer = {"status": os.waitpid(request["reap"], 0)[1]}
        elif pid := os.fork():
            answer = {"pid": pid}
        else:
            return request
        print(json.dumps(answer), flush=True)
    os._exit(0)


def _become(request: dict[str, Any]) -> None:
    """Be the process that the command would have started."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    output, errors = (os.open(name, written, 0o600) for name in request["files"])
    for target, source in enumerate((nothing, output, errors)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(request["environ"])
    first, *arguments = request["command"]
    sys.argv = [first, *arguments]
    if first != "-m":
        runpy.run_path(first, run_name="__main__")
        return
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _import_all()
    _become(_next_child())
