"""An application in this process, asked without a server before it.

With `statements`, `python -m bench.counts.inside` prints how many statements of SQLite each request
takes; with `told` it reads names of requests and carries each out so many times, for callgrind.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import tempfile
from collections.abc import Callable
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import event
from werkzeug.test import EnvironBuilder

from bench._http import PASSWORD
from bench.counts.asked import ASKED, MADE, SETTINGS, Asked
from collab import create_app
from collab.extensions import db
from collab.server import prepare

#: Requests of a kind before they are counted: what is remembered, is then remembered.
WARM = 5
COUNTED = 15
#: What instructions are measured by: the same piece of Python, whatever the interpreter.
PIECE = "a piece of Python"
PIECE_ROUNDS = 40


class Counter:
    """How many statements and programs of triggers have been run, by whoever has a connection."""

    def __init__(self) -> None:
        self.count = 0

    def watch(self, connection: Any, record: object) -> None:
        """Count those of a new connection."""
        connection.set_trace_callback(self._seen)

    def _seen(self, statement: str) -> None:
        self.count += not statement.startswith("--")


class World:
    """An application with somebody in it, who has what is asked for."""

    def __init__(self, folder: str) -> None:
        self.counter = Counter()
        self.app: Flask = create_app(SETTINGS | {"INSTANCE_PATH": folder})
        with self.app.app_context():
            event.listen(db.engine, "connect", self.counter.watch)
        prepare(self.app)
        person = {"email": "a@example.com", "password": PASSWORD, "name": "Alice"}
        _, _, answer = self.ask(Asked("/api/v1/auth/register", person), "")
        self.token = json.loads(answer)["access_token"]
        for one in MADE:
            self.ask(one)

    def ask(self, asked: Asked, tag: str = "") -> tuple[str, dict[str, str], bytes]:
        """Ask once; raises RuntimeError for a refusal."""
        return self._answered(self._environ(asked, tag))

    def repeated(self, asked: Asked) -> Callable[[], object]:
        """Return what asks again, with nothing made anew but the body's stream."""
        tag = self.ask(asked)[1].get("ETag", "") if asked.tagged else ""
        environ, data = self._environ(asked, tag), asked.data or b""

        def again() -> object:
            return self._answered(environ | {"wsgi.input": io.BytesIO(data)})

        return again

    def _environ(self, asked: Asked, tag: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        headers |= {"If-None-Match": tag} if tag else {}
        kind = "application/json" if asked.body is not None else None
        made = EnvironBuilder(
            asked.path, method=asked.method, headers=headers, data=asked.data, content_type=kind
        )
        return made.get_environ()

    def _answered(self, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
        begun: list[Any] = []
        parts: Any = self.app.wsgi_app(environ, lambda *args: begun.extend(args[:2]) or print)
        answer = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        status, headers = begun
        if not status.startswith(("200", "201", "304")):
            raise RuntimeError(f"{environ['PATH_INFO']}: {status} {answer[:300]!r}")
        return status, dict(headers), answer


def statements(world: World) -> dict[str, float]:
    """Count the statements of each request: the median, since now and then one looks further."""
    found = {}
    for name, asked in ASKED.items():
        again, counts = world.repeated(asked), []
        for number in range(WARM + COUNTED):
            before = world.counter.count
            again()
            if number >= WARM:
                counts.append(world.counter.count - before)
        found[name] = median(counts)
    return found


def piece() -> None:
    """Do a bit of what requests do: dictionaries, strings, calls, JSON."""
    for number in range(PIECE_ROUNDS):
        made = {f"key{at}": (at * number, str(at)) for at in range(20)}
        "".join(sorted(made, key=lambda key: made[key][1]))
        json.loads(json.dumps(list(made)))


def told(world: World) -> None:
    """Carry out what a line names, so many times; answer with a line."""
    kinds: dict[str, Callable[[], object]] = {PIECE: piece}
    kinds |= {name: world.repeated(asked) for name, asked in ASKED.items()}
    for again in kinds.values():
        for _ in range(WARM):
            again()
    # A collection would fall into one kind or another, by chance.
    gc.collect()
    gc.freeze()
    gc.disable()
    print("ready", flush=True)
    for line in sys.stdin:
        count, _, name = line.strip().partition(" ")
        for _ in range(int(count)):
            kinds[name]()
        print("done", flush=True)


def main() -> None:
    """Do what the command line says."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        if sys.argv[1] == "statements":
            print(json.dumps(statements(world)))
        else:
            told(world)


if __name__ == "__main__":
    main()
