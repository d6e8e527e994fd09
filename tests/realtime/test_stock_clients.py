"""Stock clients that follow events, side by side: what becomes of each is what the page says.

`WRITE_TABLE=1 python -m pytest tests/realtime/test_stock_clients.py` writes the page's table anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import websocket
from flask import Flask
from playwright.sync_api import Browser

from collab.config import ROOT

from ..support import history
from ..support.browsers import Window
from ..support.npm import needs_node
from ..support.people import Person, ok
from ..support.servers import ProcessServer
from ..support.sockets import Closed, Socket
from ..support.tokens import token_for
from ..support.waiting import PATIENCE, PAUSE_FOR_OTHERS_S, eventually

HERE = ROOT / "tests" / "realtime"
PAGE = ROOT / "docs" / "live-clients.md"
#: What the page calls each, by its name here; one of npm has its version.
CLIENTS = {
    "chromium": "`EventSource` of Chromium, ticket",
    "eventsource": "eventsource {}, ticket",
    "eventsource-5": "eventsource {}, ticket",
    "eventsource, header": "eventsource {}, header in its `fetch`",
    "eventsource, token": "eventsource {}, `?token=`",
    "event-source-polyfill": "event-source-polyfill {}, ticket",
    "event-source-polyfill, header": "event-source-polyfill {}, header, `lastEventID`",
    "chromium, socket": "`WebSocket` of Chromium",
    "ws": "ws {}",
    "python": "websocket-client of Python",
}
SOCKETS = ("chromium, socket", "ws", "python")
COLUMNS = ("expiry", "restart", "role", "deletion")
#: Seconds that the first tokens are good for: all have to be connected by then.
TOKEN_LIFE_S = 4

#: What `stock_clients.mjs` imports.
IN_NODE = ("eventsource", "eventsource-5", "event-source-polyfill", "ws")

pytestmark = needs_node(*IN_NODE)

Seen = dict[str, Any]


class InNode:
    """The clients of npm, in one process of Node."""

    def __init__(self, url: str, project: int) -> None:
        command = ["node", str(HERE / "stock_clients.mjs"), url, str(project)]
        self._node: Any = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, what: str, *how: Any) -> Any:
        self._node.stdin.write(json.dumps([what, *how]) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def close(self) -> None:
        self._node.communicate(timeout=PATIENCE)  # its input ends, and with it the program


class InBrowser:
    """Chromium's own, on a page of the server's, which needs no more of it than its origin."""

    def __init__(self, window: Window, project: int) -> None:
        self._page = window.tab("/health")
        self._project = project
        code = (HERE / "following.mjs").read_text().replace("export ", "")
        self._page.evaluate(f"() => {{ {code} window.clients = {{}}; {OPENERS} }}")

    def renew(self, token: str) -> None:
        self._page.evaluate("(token) => (window.token = token)", token)

    def open(self, ticket: str) -> None:
        address = f"/api/v1/events/stream?project_id={self._project}&ticket={ticket}"
        self._page.evaluate("(address) => openStream(address)", address)
        self._page.evaluate("(project) => openSocket(project)", self._project)

    def look(self) -> dict[str, Seen]:
        found: dict[str, Seen] = self._page.evaluate("() => look()")
        return found


#: What the page is asked to do.
OPENERS = """
window.openStream = (address) => void (clients["chromium"] = stream(new EventSource(address)));
window.openSocket = (project) => void (clients["chromium, socket"] =
  socket(WebSocket, location.origin.replace("http", "ws"), project, () => window.token));
window.look = () => Object.fromEntries(
  Object.entries(clients).map(([kind, client]) => [kind, client.look()]));
"""


class InPython(threading.Thread):
    """A socket of Python's that is opened again, with the last id that was seen."""

    def __init__(self, url: str, project: int, tokens: list[str]) -> None:
        super().__init__(daemon=True)
        self._url, self._project, self._tokens = url, project, tokens
        self._socket: Socket | None = None
        self._over = threading.Event()
        self.seen: Seen = {"ids": [], "recovered": [], "told": [], "codes": [], "open": False}

    def run(self) -> None:
        while not self._over.wait(0.2 if self.seen["codes"] else 0):
            # Also of a socket that is closed at the end, in the middle of what the library does.
            with suppress(OSError, websocket.WebSocketException):
                self._follow()

    def _follow(self) -> None:
        after = {"after": self.seen["last"]} if "last" in self.seen else {}
        query = {"project_id": self._project, "token": self._tokens[-1]}
        with Socket(self._url, **query, **after) as self._socket:
            try:
                while True:
                    self._take(self._socket.receive())
            except (Closed, ConnectionError, websocket.WebSocketException) as end:
                self.seen |= {"open": False}
                self.seen["codes"].append(getattr(end, "code", 1006))

    def _take(self, told: Seen) -> None:
        if "specversion" in told:
            if not told.get("signal"):
                self.seen["ids"].append(int(told["id"]))
                self.seen["last"] = int(told["id"])
        elif told["type"] == "subscribed":
            self.seen["recovered"].append(told["recovered"])
            self.seen.setdefault("last", told["last_id"])
            self.seen["open"] = True
        else:
            self.seen["told"].append(told["type"])
            if told["type"] == "token_expired" and self._socket:
                self._socket.send("auth", token=self._tokens[-1])

    def close(self) -> None:
        self._over.set()
        if self._socket:
            self._socket.close()
        self.join(PATIENCE)


class Clients:
    """All of them, at one server."""

    def __init__(self, server: ProcessServer, window: Window, project: int) -> None:
        self._tokens: list[str] = []
        self._node = InNode(server.url, project)
        self._browser = InBrowser(window, project)
        self._python = InPython(server.url, project, self._tokens)

    def open(self, tickets: Iterator[str]) -> None:
        """Have all begin to follow, with the token of the moment."""
        for kind in self._node("kinds"):
            self._node("open", kind, next(tickets))
        self._browser.open(next(tickets))
        self._python.start()

    def open_again(self, kind: str) -> None:
        self._node("open", kind)

    def renew(self, token: str) -> None:
        """Give a fresh token to those that can take one."""
        self._tokens.append(token)
        self._node("renew", token)
        self._browser.renew(token)

    def look(self) -> dict[str, Seen]:
        found: dict[str, Seen] = self._node("look") | self._browser.look()
        return found | {"python": dict(self._python.seen)}

    def until(self, check: Callable[[Seen], Any], *but: str) -> dict[str, Seen]:
        """Wait until something holds of each but some, and return what they are then."""

        def held() -> Any:
            seen = self.look()
            return all(check(one) for kind, one in seen.items() if kind not in but) and seen

        found: dict[str, Seen] = eventually(held, pause_s=PAUSE_FOR_OTHERS_S)
        return found

    def close(self) -> None:
        self._python.close()
        self._node.close()


class Table:
    """Tries everything with all clients, and notes what became of each."""

    def __init__(
        self, app: Flask, server: ProcessServer, clients: Clients, alice: Person, bob: Person
    ) -> None:
        self.server, self.clients, self.alice, self.bob = server, clients, alice, bob
        self._app = app
        self.rows: dict[str, dict[str, str]] = {kind: {} for kind in CLIENTS}
        #: What everybody who has followed from the beginning has to have seen.
        self.told: list[int] = []
        #: Who has begun anew since then.
        self.newcomers: tuple[str, ...] = ()

    def tickets(self) -> Iterator[str]:
        while True:
            yield ok(self.bob.post("/auth/ticket"))["ticket"]

    def begin(self, project: int) -> None:
        """Have all follow with a token, or tickets that it bought, that is soon no good."""
        self.project = project
        self.long = token_for(self._app, self.bob, timedelta(hours=1))
        self.bob.token = token_for(self._app, self.bob, timedelta(seconds=TOKEN_LIFE_S))
        self.clients.renew(self.bob.token)
        self.clients.open(self.tickets())
        seen = self.clients.until(lambda one: one["open"] and one["recovered"])
        assert [kind for kind, one in seen.items() if one["ids"]] == []
        self.clients.renew(self.long)
        self.bob.token = self.long

    def writes(self, count: int = 1) -> None:
        """Have something happen, also while the server is down."""
        self.told += history.fill(self._app, self.project, count)

    def whole(self, *but: str) -> dict[str, Seen]:
        """Wait until all have all of it, each once and in order."""
        newest = self.told[-1]
        seen = self.clients.until(lambda one: newest in one["ids"], *but)
        for kind, one in seen.items():
            if kind not in but:
                known = len(one["ids"]) if kind in self.newcomers else len(self.told)
                assert (kind, one["ids"]) == (kind, self.told[-known:])
                assert all(one["recovered"])
        return seen

    def interrupt(self, end: Callable[[], object], *but: str) -> None:
        """Let something happen while the server is away."""
        end()
        self.writes(2)
        self.server.start()
        self.whole(*but)

    # -- one column each

    def expiry(self) -> None:
        dead = "eventsource, token"
        seen = self.clients.until(lambda one: one["over"], *(set(CLIENTS) - {dead}))
        assert seen[dead]["codes"][-1] == 401
        others = set(CLIENTS) - {*SOCKETS, *BY_HEADER}
        ready = {"authenticated", "closing"}
        for kind, one in self.clients.until(lambda one: ready & {*one["told"]}, *others).items():
            assert one["ids"] == []
            self.rows[kind]["expiry"] = _of_expiry(kind, one)
        # And they lose nothing, who have seen nothing yet but that they are there.
        self.interrupt(self.server.kill, dead)
        self.clients.open_again(dead)
        self.newcomers = (dead,)
        self.clients.until(lambda one: one["open"])

    def restart(self) -> None:
        self.interrupt(self.server.stop)
        self.interrupt(self.server.kill)
        for kind in CLIENTS:
            self.rows[kind]["restart"] = "nothing lost"

    def role(self) -> None:
        before = self.clients.look()
        member = f"/projects/{self.project}/members/{self.bob.id}"
        ok(self.alice.patch(member, {"role": "viewer"}))
        self.told.append(history.row_of(self._app, "member.role_changed").id)
        self.writes()
        for kind, one in self.whole().items():
            assert one["codes"] == before[kind]["codes"]
            self.rows[kind]["role"] = "follows on"

    def deletion(self) -> None:
        ok(self.alice.delete(f"/projects/{self.project}"))
        self.told.append(history.row_of(self._app, "project.deleted").id)
        self.clients.until(lambda one: "unsubscribed" in one["told"])
        seen = self.clients.until(lambda one: one["over"], *SOCKETS)
        for kind, one in self.whole().items():
            assert one["told"][-1] == ("unsubscribed" if kind in SOCKETS else "closing")
            if kind in SOCKETS:
                assert one["open"]
                self.rows[kind]["deletion"] = "told, stays open"
            else:
                assert seen[kind]["codes"][-1] in (404, None)
                self.rows[kind]["deletion"] = "told, comes back, gives up (404)"

    # -- the page

    def written(self) -> str:
        """Write all of it as the page has it."""
        lines = [
            "| client | token runs out | server restarts | role in the project changes "
            "| project is deleted |",
            "| --- | --- | --- | --- | --- |",
        ]
        for kind, row in self.rows.items():
            package = kind.partition(",")[0]
            name = (
                CLIENTS[kind].format(version(package)) if "{}" in CLIENTS[kind] else CLIENTS[kind]
            )
            lines.append(f"| {name} | {' | '.join(row[column] for column in COLUMNS)} |")
        return "\n".join(lines)


#: Those that come back with a token of the moment.
BY_HEADER = ("eventsource, header", "event-source-polyfill, header")


def _of_expiry(kind: str, one: Seen) -> str:
    if kind in SOCKETS:
        assert one["told"] == ["token_expired", "authenticated"]
        assert one["codes"] == []
        return "warned, goes on after `auth`"
    if kind in BY_HEADER:
        assert one["told"] == ["closing"]
        return "comes back with a fresh one"
    if kind == "eventsource, token":
        return "gives up (401)"
    assert one["told"] == []
    return "goes on"


def version(package: str) -> str:
    lock = json.loads((ROOT / "tests" / "package-lock.json").read_text())
    return str(lock["packages"][f"node_modules/{package}"]["version"])


@pytest.fixture
def table(
    app: Flask,
    process: Callable[..., ProcessServer],
    over: Any,
    alice: Person,
    bob: Person,
    browser: Browser,
) -> Iterator[Table]:
    server = process(TOKEN_GRACE_SECONDS="20")
    project = alice.makes_project(bob="collaborator")
    window = Window(browser, server, bypass_csp=True)
    clients = Clients(server, window, project)
    made = Table(app, server, clients, over(server, alice), over(server, bob))
    made.begin(project)
    yield made
    clients.close()
    window.close()


def test_the_page_says_what_becomes_of_each_client(table: Table) -> None:
    for column in COLUMNS:
        getattr(table, column)()
    before, marker, rest = PAGE.read_text().partition("<!-- table of followers -->\n")
    now, end, after = rest.partition("<!-- end of the table of followers -->")
    if os.environ.get("WRITE_TABLE"):
        PAGE.write_text(before + marker + table.written() + "\n" + end + after)
    else:
        assert now.strip() == table.written()
