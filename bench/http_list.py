"""An authorised list of 20 projects: ours against FastAPI with SQLAlchemy on uvicorn.

Eight keep-alive connections ask `GET /api/v1/projects?limit=20` as fast as they are
answered. The caller has more projects than fit, so that both sides make a next cursor.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import _server
from bench._http import Api, register
from bench._httpload import HttpLoad
from bench._machine import calm, describe
from bench._rates import Figure, measure, table

PATH = "/api/v1/projects?limit=20"
PROJECTS = 30
BASE = "FastAPI"


Maker = Callable[[str, int, Path], _server.Server]


def fastapi(python: str, port: int, folder: Path) -> _server.Server:
    """Return the peer, not started, with one worker and uvicorn's fastest parts."""
    command = [python, "-m", "uvicorn", "fastapi_server:app", "--app-dir", str(_server.PEERS)]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    env = {
        "DATABASE_URL": f"sqlite:///{folder}/peer.db",
        "SECRET_KEY": secrets.token_hex(32),
    }
    return _server.Server(command, folder, env)


def ours(python: str, port: int, folder: Path) -> _server.Server:
    """Return our server, not started."""
    return _server.ours(python, port, folder)


SYSTEMS: dict[str, Maker] = {"ours": ours, BASE: fastapi}


def fill(api: Api) -> list[str]:
    """Make the projects; return the names that the first page must show."""
    names = [f"Project {number:02d}" for number in range(PROJECTS)]
    for name in names:
        api.want(201, "POST", "/api/v1/projects", {"name": name, "description": f"On {name}."})
    return names[:20]


def check(api: Api, names: list[str]) -> None:
    """Raise RuntimeError unless the list shows these 20 projects and a cursor."""
    page = api.want(200, "GET", PATH)
    if [item["name"] for item in page["items"]] != names or not page["next_cursor"]:
        raise RuntimeError(f"another list than expected: {page}")
    fields = {"id", "name", "description", "role", "created_at", "updated_at"}
    if set(page["items"][0]) != fields:
        raise RuntimeError(f"other fields than expected: {page['items'][0]}")


@dataclass(frozen=True)
class Entrant:
    """A running server, filled, with somebody who may see the list."""

    name: str
    server: _server.Server
    api: Api


def enter(name: str, options: argparse.Namespace, stack: ExitStack) -> Entrant:
    """Start one system and fill it; it ends with the stack."""
    folder = stack.enter_context(_server.temp_folder())
    port = _server.free_port()
    server = SYSTEMS[name](options.python, port, folder)
    stack.callback(server.stop)
    server.start()
    _server.wait_health(server, port)
    api = register(port)
    check(api, fill(api))
    return Entrant(name, server, api)


def visit(entrant: Entrant, options: argparse.Namespace) -> Figure:
    """Measure one of them while the other idles."""

    def ask() -> Figure:
        load = HttpLoad(entrant.api.port, PATH, entrant.api.token, options.connections)
        return measure(entrant.server, load, options.seconds)

    return calm(ask, lambda found: found.others)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.http_list", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for both servers")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    _server.begin()
    rounds: list[dict[str, Figure]] = []
    with ExitStack() as stack:
        entrants = [enter(name, options, stack) for name in SYSTEMS]
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            rounds.append({entrant.name: visit(entrant, options) for entrant in entrants})
            print(rounds[-1], file=sys.stderr)
    print(describe())
    print()
    print(table(rounds, SYSTEMS, BASE))


if __name__ == "__main__":
    main()
