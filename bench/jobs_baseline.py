"""What a job costs elsewhere: Celery on Redis with four threads, and a commit that is synced.

Tasks that do nothing are submitted one by one from one process while the worker runs; the rate
counts from the first submit until the last result is recorded.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import _server
from bench._celery import Figure, Tuning, celery_entrant
from bench._machine import calm, describe
from bench._stats import markdown, median

DEFAULTS = Tuning(prefetch=4, subscribe=True)
VARIANTS = {
    "Celery's defaults": DEFAULTS,
    "prefetch 1": replace(DEFAULTS, prefetch=1),
    "prefetch without limit": replace(DEFAULTS, prefetch=0),
    "prefetch 64": replace(DEFAULTS, prefetch=64),
    "and no subscriptions": Tuning(),
    "and Redis on the producer's core": Tuning(redis_core=_server.LOAD_CORE),
    "and no results": Tuning(ignore_result=True),
}


def visit(tuning: Tuning, options: argparse.Namespace) -> list[Figure]:
    """Measure one variant a few times."""
    with celery_entrant(options.python, tuning) as entrant:
        ask = partial(entrant.measure, options.tasks)
        return [calm(ask, lambda found: found.others) for _ in range(options.rounds)]


def row(name: str, figures: Sequence[Figure]) -> list[str]:
    """Return the medians of a variant."""
    return [
        name,
        f"{median(one.rate for one in figures):,.0f}",
        f"{median(one.submits for one in figures):,.0f}",
        f"{median(one.cpu for one in figures) * 1e3:.2f}",
        f"{max(one.others for one in figures):.0%}",
    ]


def commits(folder: Path, synchronous: str, seconds: float) -> float:
    """Return how many transactions of one row SQLite (WAL) commits a second, in one thread."""
    with closing(sqlite3.connect(folder / f"{synchronous}.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={synchronous}")
        db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        start, count = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO rows (text) VALUES (?)", ("x" * 100,))
            db.execute("COMMIT")
            count += 1
    return count / elapsed


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="bench.jobs_baseline", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter that has Celery")
    parser.add_argument("--tasks", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of commits")
    options = parser.parse_args()
    _server.begin()
    rows: list[list[str]] = []
    for name, tuning in VARIANTS.items():
        print(name, file=sys.stderr)
        rows.append(row(name, visit(tuning, options)))
        print(rows[-1], file=sys.stderr)
    with _server.temp_folder() as folder:
        synced = {how: commits(folder, how, options.seconds) for how in ("FULL", "NORMAL")}
    print(describe())
    print()
    head = ("Celery, 4 threads", "tasks/s", "submits/s", "CPU ms a task", "others, most")
    print(markdown(head, rows))
    print()
    kinds = ((f"synchronous={how}", f"{rate:,.0f}") for how, rate in synced.items())
    print(markdown(("SQLite, WAL, one row each", "commits/s"), kinds))


if __name__ == "__main__":
    main()
