"""Submits tasks to the Celery peer and waits until all are finished.

Reads two numbers from each line of its input, of tasks and of threads that submit them; answers
with a line of JSON: `submitted` and `finished`, in seconds from the first submit.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from celery_tasks import app, noop
from redis import Redis

POLL_SECONDS = 0.002
PATIENCE_SECONDS = 60.0


def main() -> None:
    """Serve until the input ends."""
    broker = Redis.from_url(os.environ["BROKER"])
    results = Redis.from_url(os.environ["RESULTS"])
    for line in sys.stdin:
        results.flushdb()
        count, threads = map(int, line.split())
        finished = drained(broker) if app.conf.task_ignore_result else recorded(results, count)
        print(json.dumps(timed(count, threads, finished)), flush=True)


def recorded(results: Redis, count: int) -> Callable[[], bool]:
    """Return what tells whether every task has its result: a key each, in a database of its own."""
    return lambda: results.dbsize() >= count


def drained(broker: Redis) -> Callable[[], bool]:
    """Return what tells whether no task waits or is held back: a worker acknowledges on start."""
    return lambda: not broker.llen("celery") and not broker.hlen("unacked")


def submit(count: int) -> None:
    """Submit one task after the other."""
    for _ in range(count):
        noop.delay()


def timed(count: int, threads: int, finished: Callable[[], bool]) -> dict[str, float]:
    """Submit all tasks, then wait."""
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(submit, [count // threads] * threads))  # which raises what one raised
    submitted = time.perf_counter() - start
    while not finished():
        if time.perf_counter() - start > PATIENCE_SECONDS:
            raise SystemExit("the tasks do not finish")
        time.sleep(POLL_SECONDS)
    return {"submitted": submitted, "finished": time.perf_counter() - start}


if __name__ == "__main__":
    main()
