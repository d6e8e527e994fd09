"""A worker of the server in a thread of the test, with an application that waits where it is told.

It changes something for a POST, on a disk that is faked: what that holds is what was written when
its sync began.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gunicorn.config import Config

from collab.core.transactions.disk import Disk
from collab.serving.messages.spool import Bounds, Spool
from collab.serving.worker import SelectingWorker

from .waiting import PATIENCE, eventually

POOL_THREADS = 8


class Quiet(SelectingWorker):
    """The worker without signals: it runs in a thread of the test."""

    bounds = Bounds(30, 30, 30, 0, 2**20, Spool(Path(), 2**20, 2**20))
    shared_s = PATIENCE

    def init_signals(self) -> None:
        """Leave signals to the test."""


class Silent:
    """gunicorn's log, of which nobody reads anything."""

    def close_on_exec(self) -> None:
        """Do nothing: it has no file."""

    def info(self, *_: object) -> None:
        """Write nothing."""

    debug = warning = info


class Service:
    """A WSGI application in a worker: it tells who answers, and waits where it is told to."""

    def __init__(self) -> None:
        self.gates: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        #: Who answered, by path.
        self.answered_by: dict[str, str] = {}
        self.arrived: set[str] = set()
        self.disk = Disk(self._sync)
        self.written: list[str] = []
        #: What is on the disk, by which sync it came there, and what the disk says to the next.
        self.kept: dict[str, int] = {}
        self.syncs = 0
        self.trouble: OSError | None = None
        #: Whether the disk takes what it is given.
        self.takes = threading.Event()
        self.takes.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        config = Config()
        config.set("threads", POOL_THREADS)
        config.set("graceful_timeout", 5)
        self.worker = Quiet(
            1,
            os.getppid(),
            [self._listener],
            SimpleNamespace(wsgi=lambda: self),
            30,
            config,
            Silent(),
        )
        self.port = self._listener.getsockname()[1]
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="worker's own")

    def _run(self) -> None:
        try:
            self.worker.init_process()
        except BaseException as error:
            self.error = error

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer with the path and the thread; a path that begins with /wait waits for its gate.

        A POST commits its path.
        """
        path = environ["PATH_INFO"]
        self.arrived.add(path)
        if path.startswith("/wait"):
            assert self.gates[path].wait(PATIENCE)
        if environ["REQUEST_METHOD"] == "POST":
            self.disk.commit(lambda: self.written.append(path))
        self.answered_by[path] = threading.current_thread().name
        body = f"{path} {threading.current_thread().name}".encode()
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def _sync(self) -> None:
        there = list(self.written)
        assert self.takes.wait(PATIENCE)
        if self.trouble is not None:
            raise self.trouble
        self.syncs += 1
        for path in there:
            self.kept.setdefault(path, self.syncs)

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """Let all that waits go on, and end."""
        self.takes.set()
        for gate in list(self.gates.values()):
            gate.set()
        if self._thread.is_alive():
            self.worker.alive = False
            self.worker.method_queue.defer(lambda: None)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        for peer in list(self.worker._waiting):  # unless it has ended by an error, there are none
            peer.close()
        self._listener.close()
        self.worker.tmp.close()


def ask(line: HTTPConnection, path: str, method: str = "GET") -> None:
    """Send a request, and leave its answer."""
    line.request(method, path)


def answer(line: HTTPConnection) -> str:
    """Return the body of the next answer."""
    found: HTTPResponse = line.getresponse()
    return found.read().decode()


def get(line: HTTPConnection, path: str) -> str:
    """Ask and return the answer."""
    ask(line, path)
    return answer(line)


def has_begun(service: Service, path: str) -> None:
    """Wait until a request is being answered."""
    eventually(lambda: path in service.arrived)
