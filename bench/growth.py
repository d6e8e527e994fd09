"""Whether asking stays as fast while there is ever more: from a thousand rows to a million.

One database grows: tasks of a project with their search index, events of its log, jobs that wait.
At each size one connection asks for pages; claiming is measured in a process of its own, and the
event pipeline loads into a store that grows likewise. What is said is the p50, and how many events
are loaded a second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench import _server
from bench._entrants import OURS, Entrant, enter
from bench._ingest_store import Grower
from bench._machine import calm, describe
from bench._rates import Figure, measure
from bench._stats import markdown, median
from bench.jobs import ours as jobs_process
from bench.whole.book import Book, shown
from bench.whole.plan import Plan

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = SIZES[:2]
MEASURED_LAST = 20_000

#: Curve -> its title, and the address asked for; the ids are those of the middle of what there is.
ASKED = {
    "list": ("A list of 20 tasks of a project", "/api/v1/tasks?limit=20&project_id={project}"),
    "search": ("A search for a word that ten rows have", "/api/v1/search?q=earliest"),
    "matches": ("A search for a word that one row of a thousand has", "/api/v1/search?q=rare"),
    "replay": (
        "Replay of 100 events of a project's log, from its middle",
        "/api/v1/events?project_id={project}&limit=100&after={middle}",
    ),
    "feeds": ("A project's feed", "/api/v1/projects/{project}/activity?limit=20"),
}
CLAIM = ("Claiming four jobs of those that wait", "rows", "ms, p50")
INGEST = ("Events loaded into the store", "rows", "events/s")


def record(book: Book, plan: Plan) -> None:
    """Note a curve for each."""
    sizes = QUICK_SIZES if plan.quick else SIZES
    asking(book, plan, sizes)
    claiming(book, plan, sizes)
    loading(book, sizes)


def asking(book: Book, plan: Plan, sizes: tuple[int, ...]) -> None:
    """Ask a server whose database grows."""
    with ExitStack() as stack:
        entrant = enter(OURS, plan, stack, JOB_WORKERS="0", HOUSEKEEPING="off")
        project = entrant.api.want(201, "POST", "/api/v1/projects", {"name": "Growing"})["id"]
        entrant.api.close()
        there = 0
        for size in sizes:
            start = time.monotonic()
            middle = insert(plan.python, entrant.server.folder, (there + 1, size), project)
            print(f"{size:,} there, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
            there = size
            for name, (title, path) in ASKED.items():
                address = path.format(project=project, middle=middle)
                found = visit(entrant, address, plan.seconds)
                book.point(name, (title, "rows", "ms, p50"), OURS, size, found.p50)


def visit(entrant: Entrant, path: str, seconds: float) -> Figure:
    """Measure one address."""

    def ask() -> Figure:
        return measure(entrant.server, entrant.load(path, 1), seconds)

    return calm(ask, lambda found: found.others)


def insert(python: str, folder: Path, numbers: tuple[int, int], project: int) -> int:
    """Put rows with these numbers, first and last, beside a server; returns an id in the middle."""
    script = str(_server.PEERS / "ours_growing.py")
    command = [python, script, *map(str, numbers), str(project)]
    env = {**os.environ, "INSTANCE_PATH": str(folder), "PYTHONPATH": str(_server.ROOT)}
    found = subprocess.run(
        command, check=True, env=env, cwd=_server.ROOT, stdout=subprocess.PIPE, text=True
    )
    return int(found.stdout.split()[-1])


def claiming(book: Book, plan: Plan, sizes: tuple[int, ...]) -> None:
    """Claim from queues that are ever longer."""
    with jobs_process(plan.python, warm_up=0) as entrant:
        entrant.ask("claim", sizes[0])
        for size in sizes:
            book.point("claim", CLAIM, OURS, size, median(entrant.ask("claim", size)) * 1e3)


def loading(book: Book, sizes: tuple[int, ...]) -> None:
    """Load events until there are so many; the last ones before a size are measured."""
    with _server.temp_folder() as place:
        grower = Grower(place)
        for size in sizes:
            grower.until(size - min(MEASURED_LAST, (size - grower.total) // 2))
            rate, _ = grower.until(size)
            book.point("ingest", INGEST, OURS, size, rate)
        grower.close()


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="bench.growth", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for ours")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--quick", action="store_true", help="to ten thousand rows only")
    options = parser.parse_args()
    _server.begin()
    book = Book()
    record(book, Plan(options.python, seconds=options.seconds, quick=options.quick))
    sizes = QUICK_SIZES if options.quick else SIZES
    head = ("of so many rows", *(f"{size:,}" for size in sizes), "unit")
    rows = [
        [curve.title, *(shown(y) for _, y in curve.series[OURS]), curve.unit]
        for curve in book.curves.values()
    ]
    print(describe(), markdown(head, rows), sep="\n\n")


if __name__ == "__main__":
    main()
