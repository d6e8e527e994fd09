"""A list of 20 tasks: against Django REST framework, and from 100 tasks to 100,000.

Eight keep-alive connections ask for the first page of the caller's tasks as fast as they are
answered, ours and the peer's in turn. Then one connection asks ours for pages of a project's list,
filtered and sorted in each way, while the project grows.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
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
from bench._stats import markdown

PATH = "/api/v1/tasks?limit=20"
TASKS = 30
BASE = "Django REST framework"
SIZES = (100, 1_000, 10_000, 100_000)

#: What is asked of a project's list.
QUERIES = {
    "newest": "",
    "status, one of ten": "&status=todo",
    "status, one of 1,000": "&status=blocked",
    "tag that all have": "&tag=common",
    "tag, one of 1,000": "&tag=rare",
    "assignee": "&assignee=me",
    "overdue": "&overdue=true",
    "by due date": "&sort=due_at",
    "by priority": "&sort=-priority",
    "by last change": "&sort=-updated_at",
    "by position, one column": "&status=todo&sort=position",
    "rare word": "&q=rare",
    "word that all have": "&q=common",
}


Maker = Callable[[argparse.Namespace, int, Path], _server.Server]


def django(options: argparse.Namespace, port: int, folder: Path) -> _server.Server:
    """Return the peer, not started: gunicorn with one worker and threads, as ours."""
    command = [options.peer_python, "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", "8"]
    command += ["--chdir", str(_server.PEERS), "-b", f"127.0.0.1:{port}", "drf.wsgi"]
    env = {
        "DATABASE": str(folder / "peer.db"),
        "SECRET_KEY": secrets.token_hex(32),
        "DJANGO_SETTINGS_MODULE": "drf.settings",
    }
    return _server.Server(command, folder, env)


def ours(options: argparse.Namespace, port: int, folder: Path) -> _server.Server:
    """Return our server, not started."""
    return _server.ours(options.python, port, folder)


SYSTEMS: dict[str, Maker] = {"ours": ours, BASE: django}


@dataclass(frozen=True)
class Entrant:
    """A running server with somebody who may see the list."""

    name: str
    server: _server.Server
    api: Api
    folder: Path


def enter(name: str, options: argparse.Namespace, stack: ExitStack) -> Entrant:
    """Start one system with a person; it ends with the stack."""
    folder = stack.enter_context(_server.temp_folder())
    port = _server.free_port()
    server = SYSTEMS[name](options, port, folder)
    stack.callback(server.stop)
    server.start()
    _server.wait_health(server, port)
    return Entrant(name, server, register(port), folder)


def fill(api: Api) -> None:
    """Make the tasks; raises RuntimeError unless the list shows the newest 20 of them."""
    titles = [f"Task {number:02d}" for number in range(TASKS)]
    for title in titles:
        body = {"title": title, "description": f"About {title}.", "tags": ["bench"]}
        api.want(201, "POST", "/api/v1/tasks", body)
    page = api.want(200, "GET", PATH)
    items = page.get("items") or page["results"]
    if [item["title"] for item in items] != titles[:-21:-1]:
        raise RuntimeError(f"another list than expected: {page}")


def visit(entrant: Entrant, path: str, connections: int, seconds: float) -> Figure:
    """Measure one path of one of them while the other idles."""

    def ask() -> Figure:
        load = HttpLoad(entrant.api.port, path, entrant.api.token, connections)
        return measure(entrant.server, load, seconds)

    return calm(ask, lambda found: found.others)


def compare(options: argparse.Namespace) -> str:
    """Return the table of both systems' lists."""
    rounds: list[dict[str, Figure]] = []
    with ExitStack() as stack:
        entrants = [enter(name, options, stack) for name in SYSTEMS]
        for entrant in entrants:
            fill(entrant.api)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            found = {one.name: visit(one, PATH, 8, options.seconds) for one in entrants}
            rounds.append(found)
            print(found, file=sys.stderr)
    return table(rounds, SYSTEMS, BASE)


def grow(options: argparse.Namespace) -> str:
    """Return the table of latencies while a project grows."""
    columns: list[list[float]] = []
    with ExitStack() as stack:
        entrant = enter("ours", options, stack)
        project = entrant.api.want(201, "POST", "/api/v1/projects", {"name": "Growing"})["id"]
        there = 0
        for size in SIZES:
            _insert(options, entrant, there + 1, size, project)
            there = size
            columns.append([_asked(entrant, query, project) for query in QUERIES.values()])
            print(size, columns[-1], file=sys.stderr)
    head = ("p50 in ms of a page of 20", *(f"{size:,}" for size in SIZES), "last to first")
    return markdown(
        head,
        (_curve(name, row) for name, row in zip(QUERIES, zip(*columns, strict=True), strict=True)),
    )


def _insert(
    options: argparse.Namespace, entrant: Entrant, first: int, last: int, project: int
) -> None:
    command = [
        options.python,
        str(_server.PEERS / "ours_tasks.py"),
        str(first),
        str(last),
        str(project),
    ]
    env = {**os.environ, "INSTANCE_PATH": str(entrant.folder), "PYTHONPATH": str(_server.ROOT)}
    subprocess.run(command, check=True, env=env, cwd=_server.ROOT)


def _asked(entrant: Entrant, query: str, project: int) -> float:
    path = f"/api/v1/tasks?limit=20&project_id={project}{query}"
    return visit(entrant, path, 1, 0.7).p50


def _curve(name: str, figures: tuple[float, ...]) -> list[str]:
    return [name, *(f"{figure:.2f}" for figure in figures), f"{figures[-1] / figures[0]:.1f}"]


def main() -> None:
    """Run both and print the tables."""
    parser = argparse.ArgumentParser(prog="bench.tasks", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for our server")
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter for the peer")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--part", choices=("compare", "grow", "both"), default="both")
    options = parser.parse_args()
    _server.begin()
    tables = [part(options) for part in (compare, grow) if options.part in (part.__name__, "both")]
    print(describe(), *tables, sep="\n\n")


if __name__ == "__main__":
    main()
