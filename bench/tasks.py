"""A list of 20 tasks, filtered and sorted in each way, from 100 tasks to 100,000.

One connection asks for pages of a project's list while the project grows. How a list compares with
other systems' is `bench.rest`'s to say.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import ExitStack

from bench import _server
from bench._entrants import OURS, Entrant, enter
from bench._machine import calm, describe
from bench._rates import Figure, measure
from bench._stats import markdown
from bench.whole.plan import Plan

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


def grow(options: argparse.Namespace) -> str:
    """Return the table of latencies while a project grows."""
    columns: list[list[float]] = []
    with ExitStack() as stack:
        entrant = enter(OURS, Plan(options.python, seconds=options.seconds), stack)
        project = entrant.api.want(201, "POST", "/api/v1/projects", {"name": "Growing"})["id"]
        there = 0
        for size in SIZES:
            insert(options.python, entrant, (there + 1, size), project)
            there = size
            columns.append([_asked(entrant, q, project, options) for q in QUERIES.values()])
            print(size, columns[-1], file=sys.stderr)
    head = ("p50 in ms of a page of 20", *(f"{size:,}" for size in SIZES), "last to first")
    return markdown(
        head,
        (_curve(name, row) for name, row in zip(QUERIES, zip(*columns, strict=True), strict=True)),
    )


def insert(python: str, entrant: Entrant, numbers: tuple[int, int], project: int) -> None:
    """Put the tasks with these numbers, first and last, into a server's database."""
    script = str(_server.PEERS / "ours_tasks.py")
    command = [python, script, *map(str, numbers), str(project)]
    folder = str(entrant.server.folder)
    env = {**os.environ, "INSTANCE_PATH": folder, "PYTHONPATH": str(_server.ROOT)}
    subprocess.run(command, check=True, env=env, cwd=_server.ROOT)


def _asked(entrant: Entrant, query: str, project: int, options: argparse.Namespace) -> float:
    path = f"/api/v1/tasks?limit=20&project_id={project}{query}"

    def ask() -> Figure:
        return measure(entrant.server, entrant.load(path, 1), options.seconds)

    return calm(ask, lambda found: found.others).p50


def _curve(name: str, figures: tuple[float, ...]) -> list[str]:
    return [name, *(f"{figure:.2f}" for figure in figures), f"{figures[-1] / figures[0]:.1f}"]


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="bench.tasks", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for our server")
    parser.add_argument("--seconds", type=float, default=0.7, help="of each measurement")
    options = parser.parse_args()
    _server.begin()
    print(describe(), grow(options), sep="\n\n")


if __name__ == "__main__":
    main()
