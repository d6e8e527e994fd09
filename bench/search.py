"""A search among 100 to 100,000 tasks, and whether it stays flat.

One server for each size, on the same core, asked in turn; one connection asks as fast as it is
answered, so that nothing waits in a queue. Who asks is in eleven projects, a small one among them,
and may read half of the tasks; every task has the common word.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from bench import _server
from bench._http import Api, register
from bench._httpload import HttpLoad
from bench._machine import Watch, calm, describe
from bench._stats import markdown, median, percentile, ratio
from collab.core.database import register_functions

SIZES = (100, 1_000, 10_000, 100_000)
WARM_SECONDS = 0.3
NOW = "2026-01-01 00:00:00.000000"

#: Projects: the small one, ten more of who asks, and ten of others.
SMALL, OURS, ALL = 1, 11, 21
IN_SMALL = 50
RARE_TASKS = 5

#: Words as in a language: few have their first four letters in common.
SYLLABLES = [first + second for first in "bcdfghjklmnprstvwxyz" for second in "aeiou"]
WORDS = ["".join(random.Random(n).choices(SYLLABLES, k=3)) for n in range(5_000)]

#: What is asked, in the table's words.
QUERIES: dict[str, dict[str, str | int]] = {
    "a rare word": {"q": "rarest"},
    "a common word": {"q": "common"},
    "a common word, quoted": {"q": '"common"'},
    "a common word, tasks only": {"q": "common", "type": "task"},
    "a common word in a small project": {"q": "common", "project_id": SMALL},
    "two letters, a beginning": {"q": "co"},
    "three words, one excluded": {"q": f"common {WORDS[1]} {WORDS[2]} -{WORDS[3]}"},
    "a phrase": {"q": '"common start"'},
    "a word that is nowhere": {"q": "nowhere"},
}


@dataclass(frozen=True)
class Figure:
    """One measurement: latencies in milliseconds."""

    p50: float
    p99: float
    others: float


@dataclass(frozen=True)
class Entrant:
    """A running server with so many tasks, and somebody who searches them."""

    size: int
    server: _server.Server
    api: Api


def tasks(size: int) -> Iterator[tuple[int, str, str, int, str]]:
    """Make tasks: half of them in projects of who asks, a few in the small one."""
    chance = random.Random(size)
    for number in range(size):
        small = number % max(2, size // IN_SMALL) == 1
        project = SMALL if small else chance.randint(SMALL + 1, ALL)
        title = f"common start {' '.join(chance.choices(WORDS, k=4))}"
        if number % max(1, size // RARE_TASKS) == 1:
            title, project = f"rarest {title}", OURS
        body = " ".join(chance.choices(WORDS, k=30))
        yield project, title, f"common {body}", 2, f"V{number:06}"


def fill(path: Path, size: int) -> None:
    """Put the tasks into a server's database; its triggers index them."""
    with closing(sqlite3.connect(path)) as database, database:
        register_functions(database)
        database.executemany(
            "INSERT INTO projects (id, name, description, created_at, updated_at, version)"
            f" VALUES (?, ?, '', '{NOW}', '{NOW}', 1)",
            ((key, f"common project {key}") for key in range(SMALL, ALL + 1)),
        )
        database.executemany(
            "INSERT INTO members (project_id, user_id, role, created_at, updated_at, version)"
            f" VALUES (?, 2, 'owner', '{NOW}', '{NOW}', 1)",
            ((key,) for key in range(SMALL, OURS + 1)),
        )
        database.executemany(
            "INSERT INTO tasks (project_id, title, description, owner_id, position, status,"
            " priority_rank, due_zone, tags, created_at, updated_at, version)"
            f" VALUES (?, ?, ?, ?, ?, 'todo', 1, 'UTC', '[]', '{NOW}', '{NOW}', 1)",
            tasks(size),
        )


def enter(size: int, options: argparse.Namespace, stack: ExitStack) -> Entrant:
    """Start a server and fill its database; it ends with the stack."""
    folder = stack.enter_context(_server.temp_folder())
    port = _server.free_port()
    server = _server.ours(options.python, port, folder, JOB_WORKERS="0")
    stack.callback(server.stop)
    server.start()
    _server.wait_health(server, port)
    register(port, "admin")
    api = register(port)
    api.close()  # the server would, meanwhile
    fill(folder / "collab.db", size)
    check(api)
    api.close()
    return Entrant(size, server, api)


def path_of(query: dict[str, str | int]) -> str:
    """Return the address of a search."""
    return f"/api/v1/search?{urlencode(query)}"


def check(api: Api) -> None:
    """Raise RuntimeError unless each search finds what it must, and nothing of others."""
    for name, query in QUERIES.items():
        found = api.want(200, "GET", path_of(query))["items"]
        if bool(found) is (query["q"] == "nowhere") and "excluded" not in name:
            raise RuntimeError(f"{name}: {len(found)} results")
        if any(one["project_id"] > OURS for one in found):
            raise RuntimeError(f"{name}: something of others")


def measure(entrant: Entrant, query: dict[str, str | int], seconds: float) -> Figure:
    """Warm up and measure one search on one server."""
    load = HttpLoad(entrant.api.port, path_of(query), entrant.api.token, 1)
    load.saturate(WARM_SECONDS)
    watch = Watch(entrant.server.pids())
    result = load.saturate(seconds)
    _, others = watch.shares()
    load.close()
    p50, p99 = (percentile(result.latencies, share) * 1e3 for share in (0.5, 0.99))
    return Figure(p50, p99, others)


Round = dict[tuple[str, int], Figure]


def visit(entrants: list[Entrant], seconds: float) -> Round:
    """Measure each search on each server in turn."""
    found: Round = {}
    for name, query in QUERIES.items():
        for entrant in entrants:
            ask = partial(measure, entrant, query, seconds)
            found[name, entrant.size] = calm(ask, lambda figure: figure.others)
    return found


def table(rounds: list[Round], sizes: list[int]) -> str:
    """Return the medians of p50 over all rounds; a ratio is the median of each round's ratio."""
    last = f"{sizes[-1]:,} to {sizes[0]:,}"
    head = ("p50 ms among so many tasks", *(f"{size:,}" for size in sizes), last, "others, most")
    return markdown(head, (_row(name, rounds, sizes) for name in QUERIES))


def _row(name: str, rounds: list[Round], sizes: list[int]) -> list[str]:
    p50 = [median(found[name, size].p50 for found in rounds) for size in sizes]
    grown = median(ratio(found[name, sizes[-1]].p50, found[name, sizes[0]].p50) for found in rounds)
    others = max(found[name, size].others for found in rounds for size in sizes)
    return [name, *(f"{value:.1f}" for value in p50), f"{grown:.1f}", f"{others:.0%}"]


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.search", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the servers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    options = parser.parse_args()
    _server.begin()
    rounds: list[Round] = []
    with ExitStack() as stack:
        entrants = [enter(size, options, stack) for size in options.sizes]
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            rounds.append(visit(entrants, options.seconds))
    print(describe())
    print()
    print(table(rounds, options.sizes))


if __name__ == "__main__":
    main()
