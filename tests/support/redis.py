"""A Redis server of a test's own, which is killed and started again as it likes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from .waiting import eventually

PROGRAM = shutil.which("redis-server")


class RedisServer:
    """A server on a socket in a folder; what it has acknowledged is on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder / 'redis.sock'}"
        self.client = redis.Redis.from_url(self.url)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "port": "0",
            "unixsocket": str(self._folder / "redis.sock"),
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [str(PROGRAM), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
        (self._folder / "redis.sock").unlink(missing_ok=True)

    def close(self) -> None:
        """End it, and the client."""
        self.client.close()
        self.kill()


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run a server; skips, or fails where everything must run, if there is no program."""
    if PROGRAM is None:
        words = "There is no Redis: apt-get install redis-server"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(words)
        pytest.skip(words)
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.close()
