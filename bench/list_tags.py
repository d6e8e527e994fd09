"""A list of 20 projects while nothing is written: read, kept, 304 after reading, and before it.

The same server is measured with LIST_TAGS and LIST_CACHE_MB on and off, by eight keep-alive
connections. The CPU time of the server for each request is told besides, which other work disturbs
less.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from bench import _entrants, _server
from bench._entrants import OURS, Entrant
from bench._machine import describe
from bench._rates import Figure, measure, table
from bench._stats import median
from bench.rest import LIST_PATH, fill
from bench.whole.plan import Plan

#: Name -> LIST_TAGS, LIST_CACHE_MB, and whether the list is asked for with its tag.
WAYS = {
    "200, read": ("0", "0", False),
    "200, kept": ("10000", "8", False),
    "304 after reading": ("0", "0", True),
    "304 before reading": ("10000", "0", True),
}
BASE = "200, read"
#: More than a page of projects and of tasks.
SOME = 30


def enter(name: str, python: str, stack: ExitStack) -> tuple[Entrant, str]:
    """Start a server and fill it; returns the tag that is asked with, too."""
    tags, room, knows = WAYS[name]
    settings = {"LIST_TAGS": tags, "LIST_CACHE_MB": room}
    entrant = _entrants.enter(OURS, Plan(python), stack, **settings)
    fill(entrant, SOME, SOME)
    entrant.api.want(200, "GET", LIST_PATH)
    return entrant, entrant.api.headers["ETag"] if knows else ""


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.list_tags", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter of the servers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    _server.begin()
    rounds: list[dict[str, Figure]] = []
    with ExitStack() as stack:
        ways = {name: enter(name, options.python, stack) for name in WAYS}
        for _ in range(options.rounds):
            found = {}
            for name, (entrant, tag) in ways.items():
                load = entrant.load(LIST_PATH, options.connections, tag=tag)
                found[name] = measure(entrant.server, load, options.seconds)
            rounds.append(found)
    print(describe())
    print()
    print(table(rounds, WAYS, BASE))
    for name in WAYS:
        print(f"{name}: {median(found[name].cpu for found in rounds):.0f} us of CPU a request")


if __name__ == "__main__":
    main()
