"""Log-ins: how long one takes beside a password's hash alone, and what a request sees meanwhile.

A list of 20 projects is asked for at a fixed rate, first alone, then while two people log in again
and again, which is as many hashes as there are made at once.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench import _server
from bench._entrants import OURS, Entrant, enter
from bench._http import PASSWORD
from bench._machine import Watch, describe
from bench._stats import markdown, percentile
from bench.rest import LIST_PATH, fill
from bench.whole.book import Book, spread
from bench.whole.plan import Plan
from collab.auth import passwords

LOG_IN = "a log-in"
HASH = "argon2id alone"
ALONE, BESIDE = "a list at rest", "a list beside log-ins"
AT_ONCE = 2
CONNECTIONS = 4
PER_SECOND = 50.0
PROJECTS = 30
BODY = json.dumps({"email": "bench@example.com", "password": PASSWORD}).encode()


@contextmanager
def logging_in(entrant: Entrant) -> Iterator[None]:
    """Have people log in from threads of their own, one log-in after the other."""
    ending = threading.Event()

    def again() -> None:
        load = entrant.load("/api/v1/auth/login", 1, body=BODY)
        while not ending.is_set():
            load.saturate(60.0, 1)
        load.close()

    threads = [threading.Thread(target=again) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def record(book: Book, plan: Plan) -> None:
    """Note log-ins, the hash alone, and the list with and without them."""
    with ExitStack() as stack:
        entrant = enter(OURS, plan, stack)
        fill(entrant, PROJECTS, PROJECTS)
        for _ in plan.rounds():
            _note(book, HASH, [hashed() for _ in range(plan.size(20, 3))])
            load = entrant.load("/api/v1/auth/login", 1, body=BODY)
            _note(book, LOG_IN, load.saturate(60.0, plan.size(20, 3)).latencies)
            load.close()
            asked = partial(ask, entrant, 2 * plan.seconds)
            _note(book, ALONE, *asked())
            with logging_in(entrant):
                _note(book, BESIDE, *asked())


def hashed() -> float:
    """Return the seconds that a hash takes, in this process."""
    start = time.perf_counter()
    passwords.hash_password(PASSWORD)
    return time.perf_counter() - start


def ask(entrant: Entrant, seconds: float) -> tuple[list[float], float]:
    """Ask for the list at the fixed rate; returns latencies, and what others took of a core."""
    load = entrant.load(LIST_PATH, CONNECTIONS)
    watch = Watch(entrant.server.pids())
    found = load.paced(PER_SECOND, seconds)
    load.close()
    return found.latencies, watch.shares()[1]


def _note(book: Book, work: str, seconds: list[float], others: float = 0.0) -> None:
    for metric, share in (("p50", 0.5), ("p99", 0.99)):
        value = percentile(seconds, share) * 1e3
        book.note(work, OURS, value, "ms", metric, others=others)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.logins", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of half a measurement")
    options = parser.parse_args()
    _server.begin()
    book = Book()
    record(book, Plan(options.python, seconds=options.seconds, most_rounds=options.rounds))
    rows = [[one.work, one.metric, str(spread(one.values))] for one in book.samples.values()]
    print(describe(), markdown(("work", "of", "ms"), rows), sep="\n\n")


if __name__ == "__main__":
    main()
