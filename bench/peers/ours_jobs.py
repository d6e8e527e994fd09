"""Our side of the benchmark of jobs: one process that submits and runs, told what by its input.

Each line of the input is a word and a number; each is answered with a line of JSON.

    one N       submit N jobs one by one, a commit each, and wait until all have ended
    eight N     the same by eight threads
    hundred N   the same with a hundred jobs to a commit
    idle N      submit a job when nothing else is there, N times: seconds until its code begins
    claim N     with N jobs waiting, the seconds that choosing and claiming four of them takes
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask, current_app
from sqlalchemy import delete, func, insert, select

from collab import create_app
from collab.auth.service import new_account
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.core.schemas import Schema
from collab.extensions import db
from collab.jobs import registry, service
from collab.jobs.context import JobContext
from collab.jobs.engine import claiming
from collab.jobs.engine.fairness import FairTurns, Pace
from collab.jobs.engine.runner import RUNNER
from collab.jobs.models import ENDED_STATUSES, QUEUED, Job
from collab.jobs.service import Order
from collab.server import prepare

POLL_SECONDS = 0.002
SUBMITTERS = 8
begun: dict[int, float] = {}


@registry.job_type("bench_noop", payload=Schema)
def noop(ctx: JobContext, payload: dict[str, Any]) -> None:
    """Do nothing, but note when."""
    begun[ctx.job_id] = time.perf_counter()


def order() -> Order:
    """Return an order of a job that does nothing."""
    return Order(registry.require("bench_noop"), {})


def wait_all() -> None:
    """Wait until no job is left that has not ended, as the database has it."""
    left = select(func.count()).where(Job.status.not_in(ENDED_STATUSES))
    while db.session.scalar(left):
        db.session.remove()
        time.sleep(POLL_SECONDS)
    db.session.remove()


def one(count: int, caller: Caller) -> dict[str, float]:
    """Submit one by one."""
    return submitted_by(count, 1, caller)


def hundred(count: int, caller: Caller) -> dict[str, float]:
    """Submit a hundred to a commit."""
    return submitted_by(count, 100, caller)


def eight(count: int, caller: Caller) -> dict[str, float]:
    """Submit one by one, by eight threads."""
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]

    def some() -> None:
        with app.app_context():
            submit(count // SUBMITTERS, 1, caller)

    start = time.perf_counter()
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        for one_of_them in [pool.submit(some) for _ in range(SUBMITTERS)]:
            one_of_them.result()
    return ended(start)


def submitted_by(count: int, at_once: int, caller: Caller) -> dict[str, float]:
    """Submit jobs, some to a commit, and wait until all have ended."""
    start = time.perf_counter()
    submit(count, at_once, caller)
    return ended(start)


def submit(count: int, at_once: int, caller: Caller) -> None:
    """Submit jobs, some to a commit."""
    for _ in range(count // at_once):
        if at_once == 1:
            service.submit(order(), caller)
        else:
            service.enqueue_all([order() for _ in range(at_once)], caller)
            db.session.commit()
        db.session.remove()


def ended(start: float) -> dict[str, float]:
    """Wait until all have ended; returns the seconds of both from the start."""
    submitted = time.perf_counter() - start
    wait_all()
    return {"submitted": submitted, "finished": time.perf_counter() - start}


def idle(count: int, caller: Caller) -> list[float]:
    """Submit a job now and then; return how long each took to begin."""
    found = []
    for _ in range(count):
        time.sleep(0.02)
        start = time.perf_counter()
        job, _ = service.submit(order(), caller)
        wait_all()
        found.append(begun[job.id] - start)
    return found


def claim(count: int, caller: Caller) -> list[float]:
    """Fill the queue, and claim from it without running anything."""
    rows = [
        {
            "owner_id": caller.user_id,
            "type": "bench_noop",
            "status": QUEUED,
            "payload": {},
            "timeout_s": 60,
            "max_attempts": 5,
        }
        for _ in range(count)
    ]
    db.session.execute(insert(Job), rows)
    db.session.commit()
    found = [claimed() for _ in range(30)]
    db.session.execute(delete(Job))
    db.session.commit()
    return found


def claimed() -> float:
    """Claim four jobs, and take that back."""
    start = time.perf_counter()
    turns = FairTurns(5, Pace())
    ids = claiming.choose(turns, claiming.look().lines)
    got = claiming.claim(ids, "bench", utcnow(), service.KEY_LIFETIME)
    took = time.perf_counter() - start
    db.session.rollback()
    if len(got) != 4:
        raise SystemExit(f"claimed {len(got)} jobs instead of 4")
    return took


COMMANDS: dict[str, Callable[[int, Caller], Any]] = {
    "one": one,
    "eight": eight,
    "hundred": hundred,
    "idle": idle,
    "claim": claim,
}


def serve(app: Flask) -> None:
    """Answer each line of the input."""
    with app.app_context():
        user = new_account("bench@example.com", "x" * 60, "Bench")
        db.session.commit()
        caller = Caller(user.id, 0, user.name, user.email, False, utcnow())
        db.session.remove()
        for line in sys.stdin:
            word, number = line.split()
            running = RUNNER.of(app)
            if word != "claim":
                running.start()
            print(json.dumps(COMMANDS[word](int(number), caller)), flush=True)


def main() -> None:
    """Make an application of the environment's settings, and serve until the input ends."""
    app = create_app(dict(os.environ))
    registry.register(app, noop)
    prepare(app)
    serve(app)
    RUNNER.of(app).stop()


if __name__ == "__main__":
    main()
