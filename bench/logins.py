"""Log-ins: how long one takes beside a password's hash alone, and what a request sees meanwhile.

A list of 20 projects is asked for at a fixed rate, first alone, then while two people log in again
and again, which is as many hashes as there are made at once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench._entrants import OURS, Entrant, enter
from bench._http import PASSWORD
from bench._machine import Watch
from bench.rest import LIST_PATH, fill
from bench.whole import alone
from bench.whole.book import Book
from bench.whole.plan import Plan
from collab.core.security import argon2id

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
        # Once: it collects garbage as it begins, for which whoever measures beside it would wait.
        load.saturate(600.0, ending=ending)
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
            book.note_latencies(HASH, OURS, [hashed() for _ in range(plan.size(20, 3))])
            load = entrant.load("/api/v1/auth/login", 1, body=BODY)
            book.note_latencies(LOG_IN, OURS, load.saturate(60.0, plan.size(20, 3)).latencies)
            load.close()
            asked = partial(ask, entrant, 2 * plan.seconds)
            book.note_latencies(ALONE, OURS, *asked())
            with logging_in(entrant):
                book.note_latencies(BESIDE, OURS, *asked())


def hashed() -> float:
    """Return the seconds that a hash takes, in this process."""
    start = time.perf_counter()
    argon2id.make(PASSWORD, argon2id.OWASP_MIB)
    return time.perf_counter() - start


def ask(entrant: Entrant, seconds: float) -> tuple[list[float], float]:
    """Ask for the list at the fixed rate; returns latencies, and what others took of a core."""
    load = entrant.load(LIST_PATH, CONNECTIONS)
    watch = Watch(entrant.server.pids())
    found = load.paced(PER_SECOND, seconds)
    load.close()
    return found.latencies, watch.shares()[1]


if __name__ == "__main__":
    alone.main("logins", __doc__, record, 3)
