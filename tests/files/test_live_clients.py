"""Stock editors of several versions, side by side: what becomes of each is what the page says.

`WRITE_TABLE=1 python -m pytest tests/files/test_live_clients.py` writes the page's table anew.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from collab.config import ROOT
from collab.events.close_codes import NOT_FOUND_CLOSURE, SLOW_READER, TOKEN_EXPIRED

from ..support.npm import needs_node
from ..support.people import Person, ok
from ..support.servers import ProcessServer
from ..support.tokens import token_for
from ..support.waiting import PATIENCE, PAUSE_FOR_OTHERS_S, eventually

TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "live-clients.md"
#: The clients, by the names of their packages here, which may be others' than on npm.
CLIENTS = {
    "y-websocket": "y-websocket",
    "y-websocket-2": "y-websocket",
    "y-websocket-1": "y-websocket",
    "@hocuspocus/provider": "@hocuspocus/provider",
    "hocuspocus-provider-3": "@hocuspocus/provider",
    "hocuspocus-provider-2": "@hocuspocus/provider",
}
PROVIDERS = ("y-websocket", "y-websocket-2", "y-websocket-1")
COLUMNS = ("expiry", "restart", "role", "deletion", "paste", "offline")

pytestmark = needs_node(*CLIENTS, "yjs", "ws")

Over = Callable[[ProcessServer, Person], Person]
Rows = dict[str, dict[str, str]]


class Editors:
    """Stock clients of each kind in one process of Node."""

    def __init__(self, url: str) -> None:
        command = ["node", str(TESTS / "files" / "live_clients.mjs"), url.replace("http", "ws", 1)]
        self._node: Any = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, what: str, *how: Any) -> Any:
        """Have all of them do something."""
        self._node.stdin.write(json.dumps([what, *how]) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def until(
        self, check: Callable[[str, dict[str, Any]], Any], patience: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait until something holds of each of them; returns what they are then."""

        seen: dict[str, Any] = {}

        def held() -> bool:
            seen.update(self("look"))
            return all(check(kind, one) for kind, one in seen.items())

        try:
            eventually(held, patience, PAUSE_FOR_OTHERS_S)
        except AssertionError:
            told = {kind: one | {"text": (one["text"] or "")[-200:]} for kind, one in seen.items()}
            raise AssertionError(f"never true of all: {json.dumps(told, indent=1)}") from None
        return seen

    def close(self) -> None:
        self._node.communicate(timeout=PATIENCE)  # its input ends, and with it the program


@pytest.fixture(scope="module")
def server(standing: Callable[..., ProcessServer]) -> ProcessServer:
    """Return one for all of them: who stops it starts it again, and texts are everybody's own."""
    return standing(TOKEN_GRACE_SECONDS="1", PUBLISH_RATE_KB="1000000", MESSAGE_RATE="10000")


@pytest.fixture(scope="module")
def editors(server: ProcessServer) -> Iterator[Editors]:
    opened = Editors(server.url)
    yield opened
    opened.close()


class Table:
    """Tries everything with all clients, and notes what became of each."""

    def __init__(
        self, app: Flask, server: ProcessServer, editors: Editors, alice: Person, bob: Person
    ) -> None:
        self.server, self.editors, self.alice, self.bob = server, editors, alice, bob
        self._app = app
        self.project = alice.makes_project(bob="collaborator")
        self.rows: Rows = {kind: {} for kind in CLIENTS}

    def ticket(self) -> str:
        """Buy a ticket with a token that runs out soon."""
        soon = replace(self.bob, token=self.token(10))
        return str(ok(soon.post("/auth/ticket"))["ticket"])

    def token(self, seconds: int = 3600) -> str:
        return token_for(self._app, self.bob, timedelta(seconds=seconds))

    def begin(self) -> int:
        """Have bob's clients open a new text, and wait until they have it."""
        text = self.alice.makes_text(self.project, "begin ")
        self.editors("open", text, {"token": self.token()})
        self.editors.until(lambda _, one: one["synced"])
        return text

    def begin_soon_over(self) -> int:
        """Do the same with a token that runs out as soon as all have it."""
        for seconds in (3, 9, 27):
            text = self.alice.makes_text(self.project, "begin ")
            self.editors("open", text, {"token": self.token(seconds)})
            seen = self.editors.until(lambda _, one: one["synced"] or one["codes"])
            if not any(one["codes"] for one in seen.values()):
                return text
        raise TimeoutError("The machine is too slow to open six editors in 27 seconds.")

    def content(self, text: int) -> str:
        return self.alice.get(f"/files/{text}/content").text

    def saved(self, column: str, text: int, *marks: str) -> None:
        """Note that what all typed is on disk, and that all show the same."""

        def whole() -> str | bool:
            now = self.content(text)
            wanted = (f"[{mark} {kind}]" for mark in marks for kind in CLIENTS)
            return all(one in now for one in wanted) and now

        now = eventually(whole, pause_s=PAUSE_FOR_OTHERS_S)
        self.editors.until(lambda _, one: one["text"] == now)
        for kind in CLIENTS:
            self.rows[kind][column] = "saved"

    # -- one column each

    def expiry(self) -> None:
        """The token runs out, and a fresh one is there only after that."""
        text = self.begin_soon_over()
        self.editors("type", "before")
        self.editors.until(lambda _, one: TOKEN_EXPIRED in one["codes"])
        self.editors("type", "between")
        self.editors("renew", self.token())
        self.editors("type", "after")
        self.saved("expiry", text, "before", "between", "after")

    def restart(self) -> None:
        text = self.begin()
        self.editors("type", "before")
        self.server.stop()
        self.editors("type", "between")
        self.server.start()
        self.saved("restart", text, "before", "between")
        headers = {"Content-Type": "text/plain"}
        long = {"content": b"x" * 1_900_000, "headers": headers}
        ok(self.alice.request("PUT", f"/files/{text}/content", **long))
        lengths = lambda: set(self.editors("lengths").values())  # noqa: E731
        eventually(lambda: lengths() == {1_900_000}, pause_s=PAUSE_FOR_OTHERS_S)
        seen = self.editors("look")
        assert [kind for kind, one in seen.items() if SLOW_READER in one["codes"]] == []

    def role(self) -> None:
        """They become a viewer's, who tries a key, and then a collaborator's again."""
        text = self.begin()
        member = f"/projects/{self.project}/members/{self.bob.id}"
        ok(self.alice.patch(member, {"role": "viewer"}))
        self.editors.until(lambda kind, one: kind in PROVIDERS or one["roles"][-1] == "readonly")
        self.editors("type", "stray")
        self.editors.until(lambda kind, one: kind not in PROVIDERS or one["denied"])
        ok(
            self.alice.patch(
                f"/files/{text}/content", {"base_version": 1, "edits": [{"insert": "r"}]}
            )
        )
        seen = self.editors.until(lambda _, one: one["text"].startswith("rbegin"))
        assert self.content(text) == "rbegin "
        assert all(one["others"] == sorted(CLIENTS) for one in seen.values())
        for kind, one in seen.items():
            assert one["codes"] == []
            told = "denied" if kind in PROVIDERS else f"told `{one['roles'][-1]}`"
            self.rows[kind]["role"] = f"{told}, goes on reading"
        ok(self.alice.patch(member, {"role": "collaborator"}))
        self.editors("type", "allowed")
        now = eventually(lambda: "[allowed y-websocket]" in self.content(text))
        assert now

    def deletion(self) -> None:
        text = self.begin()
        ok(self.alice.delete(f"/files/{text}"))
        tells = lambda kind, one: one["final"] or NOT_FOUND_CLOSURE in one["codes"]  # noqa: E731
        seen = self.editors.until(tells)
        again = self.editors.until(lambda _, one: one["final"] or len(one["codes"]) > 2)
        for kind in CLIENTS:
            told = "told" if kind not in PROVIDERS else str(seen[kind]["codes"][0])
            self.rows[kind]["deletion"] = (
                f"{told}, {'ends' if again[kind]['final'] else 'tries on'}"
            )

    def paste(self) -> None:
        """Each pastes as much as a text may have, into one of its own."""
        size = 2 * 2**20 - 64
        texts = [self.alice.makes_text(self.project, "begin ") for _ in CLIENTS]
        self.editors("open", texts[0], {"token": self.token()})  # closes those of before
        self.editors("open_each", texts, {"token": self.token()})
        self.editors.until(lambda _, one: one["synced"])
        self.editors("paste", size)
        for kind, text in zip(CLIENTS, texts, strict=True):
            pasted = lambda text=text: len(self.content(text)) == size + 6  # noqa: E731
            eventually(pasted, pause_s=PAUSE_FOR_OTHERS_S)
            self.rows[kind]["paste"] = "saved"

    def offline(self) -> None:
        """Away for longer than the token is good for, while others write."""
        text = self.begin()
        self.editors("disconnect")
        self.editors.until(lambda _, one: one["away"])
        for number in range(10):
            self.editors("type", f"away {number}")
        ok(
            self.alice.patch(
                f"/files/{text}/content", {"base_version": 1, "edits": [{"insert": "r"}]}
            )
        )
        self.editors("renew", self.token())
        self.editors("connect")
        self.saved("offline", text, *(f"away {number}" for number in range(10)))
        assert self.content(text).startswith("rbegin")

    # -- the page

    def written(self) -> str:
        """Write all of it as the page has it."""
        lines = [
            "| client | token runs out | server restarts | role becomes viewer, a key is pressed "
            "| file is deleted | 2 MiB pasted | an hour offline |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for kind, row in self.rows.items():
            cells = " | ".join(row[column] for column in COLUMNS)
            lines.append(f"| {CLIENTS[kind]} {version(kind)} | {cells} |")
        return "\n".join(lines)


@pytest.fixture
def table(
    app: Flask, server: ProcessServer, editors: Editors, over: Over, alice: Person, bob: Person
) -> Table:
    return Table(app, server, editors, over(server, alice), over(server, bob))


def version(package: str) -> str:
    lock = json.loads((TESTS / "package-lock.json").read_text())
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def test_the_page_says_what_becomes_of_each_client(
    table: Table,
) -> None:
    for column in COLUMNS:
        getattr(table, column)()
    before, marker, rest = PAGE.read_text().partition("<!-- table -->\n")
    now, end, after = rest.partition("<!-- end of the table -->")
    if os.environ.get("WRITE_TABLE"):
        PAGE.write_text(before + marker + table.written() + "\n" + end + after)
    else:
        assert now.strip() == table.written()


#: Seconds: fewer than those after which clients repeat themselves.
AT_ONCE_S = 12


def test_who_comes_back_is_seen_at_once(
    table: Table,
) -> None:
    """They come back with the clock that they went with, and repeat themselves after 15 s only."""
    editors = table.editors
    table.begin()
    everybody = sorted(CLIENTS)
    editors.until(lambda _, one: one["others"] == everybody)
    for kind in CLIENTS:
        rest = [one for one in everybody if one != kind]
        editors("disconnect_one", kind)
        editors.until(
            lambda other, one, kind=kind, rest=rest: (
                one["away"] if other == kind else one["others"] == rest
            )
        )
        editors("connect_one", kind)
        editors.until(lambda _, one: one["others"] == everybody, AT_ONCE_S)


def test_a_ticket_opens_its_text_as_often_as_a_client_comes_back(table: Table) -> None:
    """Which is what version 1.5 can do that never changes its address."""
    editors, text = table.editors, table.alice.makes_text(table.project, "begin ")
    editors("open", text, {"ticket": table.ticket()})
    editors.until(lambda _, one: one["synced"])
    table.server.stop()
    editors("type", "between")
    table.server.start()
    table.saved("ticket", text, "between")
    assert all(TOKEN_EXPIRED not in one["codes"] for one in editors("look").values())
