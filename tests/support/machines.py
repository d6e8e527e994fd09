"""What deploy/ describes, on this machine: two web processes, PostgreSQL, Redis, nginx."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from collab.config import ROOT
from collab.core.security.keys import KEY_NAMES

from .people import Person, ok, register
from .postgres import PostgresServer
from .proxies import NGINX, running
from .quiet import NOTHING_BESIDE
from .redis import RedisServer
from .servers import PLAIN, ForkedServer, free_port
from .waiting import eventually

#: The database of both.
DATABASE = "machines"
#: The keys that they share, and what a test would have to wait for.
SETTINGS = {name: f"{name}, that only the tests know, long enough" for name in KEY_NAMES} | {
    "ACCESS_TOKEN_MINUTES": "60",
    "MESSAGE_RATE": "100000",
    "PUBLISH_RATE_KB": "1000000",
    "DATABASE_POOL": "8",
    "DATABASE_POOL_OVERFLOW": "8",
    "TRUSTED_PROXIES": "1",
    **NOTHING_BESIDE,
}


def compose_conf(port: int, upstreams: list[int]) -> str:
    """Return compose.conf, for a port and servers of this machine instead of Docker's names."""
    text = (ROOT / "deploy" / "nginx" / "compose.conf").read_text()
    servers = " ".join(f"server 127.0.0.1:{one} max_fails=0;" for one in upstreams)
    text = text.replace("server web:5000 resolve max_fails=0;", servers)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    return re.sub(r"^resolver .*", "", text, flags=re.MULTILINE)


@contextlib.contextmanager
def nginx_before(folder: Path, upstreams: list[int]) -> Iterator[str]:
    """Run nginx before servers, as compose.yaml does; returns its address."""
    folder.mkdir()
    port = free_port()
    (folder / "collab.conf").write_text(compose_conf(port, upstreams))
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    command = ["nginx", "-e", f"{folder}/error.log", "-p", f"{folder}", "-c"]
    with running([*command, f"{folder}/nginx.conf"], port, folder / "output"):
        yield f"http://127.0.0.1:{port}"


class Machines:
    """Two web processes that have nothing in common but PostgreSQL, Redis and a folder of files.

    The database is there, and migrated.
    """

    def __init__(self, folder: Path, cluster: PostgresServer, redis: RedisServer) -> None:
        self.cluster, self.redis = cluster, redis
        where = {"DATABASE_URL": cluster.url(DATABASE), "REDIS_URL": redis.url}
        where |= {"DRAIN_SECONDS": "3"}  # as compose.yaml says
        self.both = [ForkedServer(folder / "instance", **SETTINGS, **where) for _ in range(2)]
        self._open, self._pause = contextlib.ExitStack(), threading.Event()
        for one in self.both:
            self._open.callback(one.stop)
            one.start()
        self.url = self._open.enter_context(
            nginx_before(folder / "nginx", [one.port for one in self.both])
        )
        self.people = {name: register(self.http(self.url), name) for name in ("alice", "bob")}
        self.alice, self.bob = self.people.values()

    def http(self, url: str) -> httpx.Client:
        """Return a client of one of them, or of nginx, for as long as they run."""
        return self._open.enter_context(httpx.Client(base_url=url, **PLAIN))

    def at(self, person: Person, number: int) -> Person:
        """Return somebody who calls the first or the second one (0, 1)."""
        return person.at(self.http(self.both[number].url))

    def project(self) -> int:
        """Make a project of alice's, in which bob is a collaborator; returns its id."""
        return self.alice.makes_project(bob="collaborator")

    def log(self, project: int) -> list[dict[str, Any]]:
        """Return all events of a project."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"project_id": project, "limit": 100, "after": 0}
        while page := ok(self.alice.get("/events", params=query))["items"]:
            found += page
            query["after"] = page[-1]["id"]
        return found

    def status(self) -> list[str]:
        """Return what both say of themselves; raises httpx.TransportError without one of them.

        They look once a second, and being asked takes the processor from them.
        """
        self._pause.wait(0.1)
        return [httpx.get(one.url + "/ready", **PLAIN).json()["status"] for one in self.both]

    def mend(self) -> None:
        """Start what a test has ended, and wait until both are well and know each other."""
        for one in self.both:
            if one.process.poll() is not None:
                one.start()
        eventually(lambda: self.status() == ["ok", "ok"])

    def close(self) -> None:
        """End them."""
        self._open.close()
