"""Stock clients of npm, and raw requests that poll."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from collab.realtime.socketio_door.polling import PolledWire
from collab.realtime.transport.reactor import Reactor

from ...support.npm import skip_without_node
from ...support.people import Person
from ...support.servers import PLAIN, ThreadServer
from ...support.waiting import PATIENCE
from ..test_stock_clients import HERE

ADDRESS = "/socket.io/"


class Clients:
    """Clients of `socket.io-client`, by name, in one process of Node."""

    def __init__(self) -> None:
        command = ["node", str(HERE / "socketio" / "clients.mjs")]
        self._node: Any = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __getattr__(self, what: str) -> Callable[..., Any]:
        return lambda *how: self._do(what, *how)

    def _do(self, *what: Any) -> Any:
        self._node.stdin.write(json.dumps(what) + "\n")
        self._node.stdin.flush()
        answer = json.loads(self._node.stdout.readline())
        assert "error" not in answer, (what, answer)
        return answer.get("result")

    def connect(self, url: str, person: Person, *transports: str, **auth: Any) -> dict[str, Any]:
        """Connect somebody, under their name."""
        options: dict[str, Any] = {"auth": {"token": person.token} | auth}
        if transports:
            options["transports"] = transports
        return dict(self.open(person.name, url, options))

    def end(self) -> None:
        """End the program."""
        self._node.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def node() -> Iterator[Clients]:
    """Return the program for all tests of a file: it takes longer to start than most tests."""
    skip_without_node("socket.io-client")
    made = Clients()
    yield made
    made.end()


@pytest.fixture
def clients(node: Clients) -> Iterator[Clients]:
    """Return clients of npm; they are disconnected and forgotten after the test."""
    yield node
    node.clear()


class Polling:
    """A client that polls, request by request."""

    def __init__(self, url: str, **query: str) -> None:
        self.http = httpx.Client(base_url=url, **PLAIN)
        self.query = {"EIO": "4", "transport": "polling"} | query
        self.sid = ""

    def get(self, **query: str) -> httpx.Response:
        """Poll once."""
        return self.http.get(ADDRESS, params=self.query | query)

    def post(self, *packets: str, **query: str) -> httpx.Response:
        """Bring packets."""
        return self.http.post(ADDRESS, params=self.query | query, content="\x1e".join(packets))

    def begin(self, token: str | None = None) -> list[str]:
        """Shake hands, connect if there is a token, and return what came."""
        opened = json.loads(self.get().text[1:])
        self.query["sid"] = self.sid = opened["sid"]
        if token is None:
            return []
        assert self.post(f"40{json.dumps({'token': token})}").text == "ok"
        return self.packets()

    def packets(self) -> list[str]:
        """Poll once, and return the packets."""
        return self.get().text.split("\x1e")

    def until(self, start: str) -> list[str]:
        """Poll until a packet begins with something; return all that came."""
        found: list[str] = []
        while not any(packet.startswith(start) for packet in found):
            found += self.packets()
        return found

    def ask(self, *event: Any) -> dict[str, Any]:
        """Send an event, and return its acknowledgement."""
        self.post("427" + json.dumps(event))
        (answer,) = (one for one in self.until("437") if one.startswith("437"))
        return dict(json.loads(answer[3:])[0])


@pytest.fixture
def polling(server: ThreadServer) -> Iterator[Callable[..., Polling]]:
    """Return a maker of clients that poll."""
    made: list[Polling] = []

    def make(url: str = server.url, **query: str) -> Polling:
        made.append(Polling(url, **query))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


@pytest.fixture
def wire() -> Iterator[PolledWire]:
    """Return what a client that polls has instead of a socket."""
    reactor = Reactor()
    reactor.start()
    yield PolledWire(reactor)
    reactor.stop()
