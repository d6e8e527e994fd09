"""Start and stop the servers under test, each pinned to one core."""

from __future__ import annotations

import compileall
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from http.client import HTTPException
from pathlib import Path

from bench._http import Api

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
#: Where `python -m bench` installs what the peers in Python need.
PEER_PYTHON = PEERS / ".venv" / "bin" / "python"
SERVER_CORE, LOAD_CORE = 0, 1
OURS_ENV = {
    "ACCESS_TOKEN_MINUTES": "600",
    "RATE_LIMIT": "off",
    "AUTH_RATE_LIMIT": "off",
    "REGISTER_RATE_LIMIT": "off",
    "LIST_CACHE_MB": "0",  # peers keep no answers either: each list is read
    "MESSAGE_RATE": "1000000",
    "SIGNAL_RATE_KB": "10000000",
    "PUBLISH_RATE_KB": "10000000",
    "LOG_LEVEL": "warning",
    "CONNECTIONS_PER_ADDRESS": "0",
    "LIVE_PER_PERSON": "20000",
    "LIVE_PER_ADDRESS": "20000",
}


def begin() -> None:
    """Keep this process off the servers' core, and end them with it if it is told to stop."""
    os.sched_setaffinity(0, {LOAD_CORE})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))


def free_port() -> int:
    """Return a TCP port that is free now.

    It is none of those that the system gives to clients, of whom one could have it a moment later.
    """
    while True:
        port = random.randrange(20_000, 30_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A process group on one core, its output in a file."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        env: dict[str, str] | None = None,
        root: Path = ROOT,
    ) -> None:
        self.command = ["taskset", "-c", str(SERVER_CORE), *command]
        self.folder, self.root = folder, root
        self.env = {**os.environ, **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def runs_on(self, cores: str) -> None:
        """Let it use other cores than one: a list of numbers, as taskset has it."""
        self.command[2] = cores

    def start(self) -> None:
        """Start it in a session of its own, so that one signal reaches all of it."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.root,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def alive(self) -> bool:
        """Say whether the first process of the group still runs."""
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Signal the whole group; a group that is gone is no error."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL the whole group and wait until it is gone."""
        self.send(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self, seconds: float = 5.0) -> None:
        """End it politely, then by force."""
        self.send(signal.SIGTERM)
        if self.process:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()

    def output(self) -> str:
        """Return the end of what it printed."""
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]

    def pids(self) -> list[int]:
        """Return every process of the group."""
        group = self.process.pid if self.process else -1
        found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in found if _group(pid) == group]


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def wait_port(server: Server, port: int, seconds: float = 20.0) -> None:
    """Wait until something listens; raise RuntimeError with the log if it ends first."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.alive():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"no server on port {port}:\n{server.output()}")


def wait_health(server: Server, port: int, seconds: float = 20.0) -> None:
    """Wait until GET /health answers 200."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.alive():
        with suppress(OSError, ValueError, HTTPException):
            api = Api(port, timeout=2)
            status, _ = api.call("GET", "/health")
            api.close()
            if status == 200:
                return
        time.sleep(0.02)
    raise RuntimeError(f"not healthy on port {port}:\n{server.output()}")


def ours(python: str, port: int, folder: Path, **env: str) -> Server:
    """Return our server, not started, with limits off and its data in `folder`."""
    _compile()
    settings = {**OURS_ENV, "INSTANCE_PATH": str(folder), **env}
    return Server([python, "app.py", "--port", str(port)], folder, settings)


@cache
def _compile() -> None:
    """Compile our modules as a first start does, but where PYTHONDONTWRITEBYTECODE is set."""
    compileall.compile_dir(ROOT / "collab", quiet=2)


def node(script: str, port: int, folder: Path, **env: str) -> Server:
    """Return a Node peer, not started."""
    if not (PEERS / "node_modules").is_dir():
        raise SystemExit("first: npm install --prefix bench/peers")
    settings = {"NODE_ENV": "production", **env}
    return Server(["node", str(PEERS / script), str(port)], folder, settings)


@contextmanager
def temp_folder() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
