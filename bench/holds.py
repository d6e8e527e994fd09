"""What one costly message costs everybody else: the interpreter, the texts' thread, the writer.

A text is sent the worst that we know; meanwhile one thread looks how long the interpreter lets it
wait, another how long the thread of the texts (by asking for another text), a third how long the
writer's lock of the database. All in one process, so nothing else is in the figures; they are the
longest of each. For the second and the third they are CPU time of the texts' thread, for the first
seconds that passed, which are only good on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flask import Flask

from bench._machine import describe
from bench._stats import markdown
from collab import create_app
from collab.core.caller import Caller
from collab.core.errors import ApiError
from collab.core.models import utcnow
from collab.extensions import db
from collab.files.editing.changes import of_update
from collab.files.editing.writer import writer
from collab.files.updates.bounds import Unusable
from collab.files.updates.structs import number, section, update
from collab.server import prepare

SETTINGS = {"LOG_LEVEL": "error", "RATE_LIMIT": "off", "AUTH_RATE_LIMIT": "off"}
#: Seconds between two looks.
LOOK_S = 0.001
CLIENT = 7


def letters(count: int, start: int, before: int = CLIENT) -> bytes:
    """Return an update of letters, each before the one that came before it: pieces that stay."""
    parts = []
    for clock in range(start, start + count):
        place = b"\x44" + number(before) + number(clock - 1) if clock else b"\x04\x01\x07content"
        parts.append(place + b"\x01a")
    return update([section(CLIENT, start, parts)], {})


def at_one_place(client: int, count: int) -> bytes:
    """Return an update of letters that all stand at the beginning of the text, of one client."""
    return update([section(client, 0, [b"\x04\x01\x07content\x01c"] * count)], {})


def behind(left: tuple[int, int], client: int) -> bytes:
    """Return an update of one letter after an id."""
    place = b"\x84" + number(left[0]) + number(left[1])
    return update([section(client, 0, [place + b"\x01M"])], {})


class Watch:
    """The longest that each of three threads had to wait, in seconds."""

    def __init__(self, app: Flask, other: int, database: Path) -> None:
        self.app, self.other, self.database = app, other, database
        self.longest = {"interpreter": 0.0, "texts": 0.0, "writer": 0.0}
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the block ends."""
        looks = {"interpreter": self._sleep, "texts": self._ask, "writer": self._write}
        threads = [threading.Thread(target=self._look, args=one) for one in looks.items()]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        for name in self.longest:
            self.longest[name] = 0.0
        try:
            yield
        finally:
            time.sleep(0.1)
            self._over.set()
            for thread in threads:
                thread.join()

    def _look(self, name: str, wait: Callable[[], None]) -> None:
        while not self._over.is_set():
            clock = time.perf_counter if name == "interpreter" else self._spent
            began = clock()
            wait()
            self.longest[name] = max(self.longest[name], clock() - began)
            if name != "interpreter":
                time.sleep(LOOK_S)

    @staticmethod
    def _spent() -> float:
        """Return the CPU seconds that the texts' thread has taken: others' work is not in them."""
        (thread,) = (one for one in threading.enumerate() if one.name == "texts")
        return time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))

    def _sleep(self) -> None:
        time.sleep(LOOK_S)

    def _ask(self) -> None:
        with self.app.app_context():
            writer().ask(self.other, lambda _, version: version)

    def _write(self) -> None:
        connection = sqlite3.connect(self.database, timeout=10, isolation_level=None)
        while True:
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA busy_timeout=0")
                connection.execute("BEGIN IMMEDIATE")
                break
            time.sleep(LOOK_S)
        connection.execute("ROLLBACK")
        connection.close()


class Desk:
    """An application, somebody, and texts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = create_app(SETTINGS | {"INSTANCE_PATH": str(folder)})
        prepare(self.app)
        client = self.app.test_client()
        body = {"email": "a@example.com", "password": "correct horse 1", "name": "A"}
        made = client.post("/api/v1/auth/register", json=body).json or {}
        self.headers = {"Authorization": f"Bearer {made['access_token']}"}
        self.client, self.made = client, 0
        self._post("/projects", {"name": "p"})
        self.person = int(made["user"]["id"])
        place = "/projects/1/workspaces"
        self.workspace = int(self._post(place, {"name": "w"})["id"])

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"/api/v1{path}", json=body, headers=self.headers)
        found: dict[str, Any] = answer.json or {}
        assert answer.status_code < 300, found
        return found

    def text(self, content: str = "") -> int:
        """Make a text."""
        self.made += 1
        path = f"/workspaces/{self.workspace}/files"
        return int(self._post(path, {"path": f"{self.made}", "content": content})["id"])

    def caller(self) -> Caller:
        """Return somebody who owes no time to the texts' thread."""
        writer()._spending._owed.clear()
        return Caller(self.person, 0, "", "", False, utcnow())

    def send(self, file: int, data: bytes) -> str:
        """Have an update merged; returns what became of it."""
        with self.app.app_context():
            try:
                writer().submit(of_update(file, self.caller(), data))
            except (ApiError, Unusable) as error:
                return str(error)[:60]
        return "taken"

    def put(self, file: int, content: str) -> str:
        """Replace a text as a whole."""
        headers = self.headers | {"Content-Type": "text/plain"}
        path = f"/api/v1/files/{file}/content"
        return str(self.client.put(path, data=content.encode(), headers=headers).status_code)

    def measured(self, act: Callable[[], str], other: int) -> list[str]:
        """Return what became of it, and the longest waits."""
        watch = Watch(self.app, other, self.folder / "collab.db")
        with watch.watching():
            said = act()
        return [said, *(f"{1000 * one:.0f}" for one in watch.longest.values())]


def cases(desk: Desk) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield what is sent; making the texts is not measured."""
    file = desk.text()
    yield "an update of 19,000 structs", lambda: desk.send(file, letters(19_000, 0))
    contended = desk.text()
    for start in range(0, 45_000, 15_000):
        desk.send(contended, letters(15_000, start))
    yield (
        "9,900 structs at one place of 45,000 pieces",
        lambda: desk.send(contended, at_one_place(99, 9_900)),
    )
    yield (
        "300 structs at one place of 45,000 pieces",
        lambda: desk.send(contended, at_one_place(98, 300)),
    )
    long = desk.text()
    for start in range(0, 59_000, 14_750):
        desk.send(long, letters(14_750, start))
    writer()._texts.drop(long)
    yield "loading a text of 59,000 pieces", lambda: desk.send(long, behind((CLIENT, 9), 8))
    emoji = desk.text("\U0001f600" * 500_000)
    with desk.app.app_context():
        owner = next(iter(writer().ask(emoji, lambda document, _: dict(document.clocks))))
    yield "a cut through one of 500,000 emoji", lambda: desk.send(emoji, behind((owner, 100), 9))
    lines = desk.text("\n".join(f"line {one}" for one in range(48_000)))
    shuffled = "\n".join(f"line {one * 7919 % 48_000}" for one in range(48_000))
    yield "PUT of 48,000 lines, in another order", lambda: desk.put(lines, shuffled)


def main() -> None:
    """Measure each and print the table."""
    parser = argparse.ArgumentParser(prog="bench.holds", description=__doc__)
    parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        other = desk.text("somebody else's")
        with desk.app.app_context():
            writer().ask(other, lambda _, version: version)  # the thread starts with it
            for name, act in cases(desk):
                rows.append([name, *desk.measured(act, other)])
            writer().stop()
            db.session.remove()
    head = [
        "what is sent",
        "what came of it",
        "interpreter ms",
        "texts' thread ms",
        "writer's lock ms",
    ]
    print(markdown(head, rows))
    print(f"\n{describe()}.")


if __name__ == "__main__":
    main()
