"""Servers to test against: the application in a thread, or `python app.py` in a process."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from werkzeug.serving import ThreadedWSGIServer

from collab.realtime.transport.live import LIVE

from .fork_server import ROOT, Forked, ForkServer
from .waiting import PATIENCE, eventually

TIMEOUT = httpx.Timeout(PATIENCE)
#: For all clients: httpx would read the system's certificates for each, and none is ever looked at.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
#: What every call of a real server is made with; httpx itself would give up after 5 seconds.
PLAIN: dict[str, Any] = {"timeout": TIMEOUT, "verify": NO_TLS}


class Connections(ThreadedWSGIServer):
    """Knows the threads that serve its connections, and waits for them in the end.

    A thread that outlives its test writes to the next one's database.
    """

    daemon_threads = True

    def __init__(self, app: Flask, port: int) -> None:
        super().__init__("127.0.0.1", port, app)
        self._serving: dict[threading.Thread, Any] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread."""
        self._serving = {one: tcp for one, tcp in self._serving.items() if one.is_alive()}
        where = (request, client_address)
        thread = threading.Thread(target=self.process_request_thread, args=where, daemon=True)
        self._serving[thread] = request
        thread.start()

    def end_all(self) -> None:
        """End all connections, and wait until their threads have ended."""
        for tcp in self._serving.values():
            with contextlib.suppress(OSError):
                tcp.shutdown(socket.SHUT_RDWR)
        for thread in self._serving:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a request goes on"


class ThreadServer:
    """Serves an application from a thread of this process, on a port of its own or a given one."""

    def __init__(self, app: Flask, port: int = 0) -> None:
        self.app = app
        self._server = Connections(app, port)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.01)  # how long the end of a test waits

    def __enter__(self) -> ThreadServer:
        LIVE.of(self.app).start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        LIVE.of(self.app).close()
        self._server.shutdown()  # its thread closes it
        self._thread.join()
        for wire in tuple(LIVE.of(self.app).wires):
            wire.abort()  # it would linger for a peer that is gone
        self._server.end_all()

    def drain(self) -> None:
        """Wait until all that was committed has been told."""
        LIVE.of(self.app).broadcaster.drain()


class ProcessServer:
    """Runs `python app.py`, as the README says, in a process that can be killed."""

    program: tuple[str, ...] = ("app.py",)

    def __init__(self, instance: Path, port: int | None = None, **settings: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = os.environ | {
            "INSTANCE_PATH": str(instance),
            "LOG_LEVEL": "warning",
            "RATE_LIMIT": "off",
            "AUTH_RATE_LIMIT": "off",
            "REGISTER_RATE_LIMIT": "off",
        }
        self._environ |= settings
        self.process: subprocess.Popen[str] | Forked | None = None
        self.output = instance / "server.out"

    def start(self, *arguments: str) -> ProcessServer:
        """Start, and wait until it answers."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self.process = self._launch([*self.program, "--port", str(self.port), *arguments])
        self.wait_ready()
        return self

    def _launch(self, command: list[str]) -> subprocess.Popen[str] | Forked:
        with self.output.open("a") as out:
            return subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self._environ,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
            )

    def wait_ready(self, patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        with httpx.Client(base_url=self.url, **PLAIN) as http:
            while time.monotonic() < deadline:
                try:
                    if http.get("/health").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.02)
                assert self.process.poll() is None, self.output.read_text()
        raise TimeoutError(self.output.read_text())

    def signal(self, number: int) -> None:
        """Send a signal to the server, as a terminal or a supervisor does."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill all of it at once, as a power cut does; returns when its port is free."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        eventually(self._port_is_free)

    def _port_is_free(self) -> bool:
        """Return whether the last of the group is gone: only the first is our child."""
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))
            return True
        return False

    def stop(self) -> int:
        """Stop it politely and return its exit code."""
        if self.process is None or self.process.poll() is not None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(timeout=PATIENCE)
        finally:
            if self.process.poll() is None:
                self.kill()

    @property
    def worker(self) -> int:
        """Return the process id of the gunicorn worker."""
        return self.workers[0]

    @property
    def workers(self) -> list[int]:
        """Return the process ids of all of them."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(one) for one in re.findall(r"\d+", children.read_text())]

    def __enter__(self) -> ProcessServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class ForkedServer(ProcessServer):
    """The same server, forked from a process that has imported the application: a quick start."""

    def _launch(self, command: list[str]) -> Forked:
        return fork_server().start(command, self._environ, self.output)


def run_forked(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `app.py ...` or `-m MODULE ...` to its end, without the time that importing it takes."""
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        running = fork_server().start(list(command), os.environ | settings, output, errors)
        try:
            code = running.wait(PATIENCE)
        finally:
            running.kill()
        return subprocess.CompletedProcess(command, code, output.read_text(), errors.read_text())


@cache
def fork_server() -> ForkServer:
    """Return this process's fork server; it starts with the first call."""
    return ForkServer()


_given_ports: set[int] = set()


def free_port() -> int:
    """Return a port that nobody has, below those that the system gives to clients.

    A server that is killed and started again needs the same port: a client's connection elsewhere
    could have got it meanwhile. Nor does anybody else here get it before the server has begun: each
    of pytest's processes has ports of its own, and gives none of them twice.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = random.randrange(10_000 + worker, 32_000, workers)
        if port in _given_ports:
            continue
        _given_ports.add(port)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
