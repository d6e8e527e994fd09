"""What a start costs: until the first answer, in memory, and in time beside another commit's.

    git worktree add ../before 6852b2d
    .venv/bin/python -m bench.start --before ../before

Each round starts a process for either, in turn, with the same interpreter and packages. What counts
is the processor time of the process, since a start waits for nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import _server
from bench._http import PASSWORD, register
from bench.idle import memory
from bench.whole.book import Book
from bench.whole.plan import Plan

HERE = Path(__file__).parent.parent
ROUNDS = 15
LOG_INS = 20
SETTLE_SECONDS = 1.5
FIRST_ANSWER = "start to first answer"

MEASURED = """
import gc, json, sys, time
clock = time.process_time
began = clock()
from collab import create_app
settings = {"INSTANCE_PATH": sys.argv[1], "LOG_LEVEL": "error"}
settings |= {"JOB_WORKERS": "0", "NOTIFIER": "off", "HOUSEKEEPING": "off"}  # no other threads
app = create_app(settings)
built = clock()
gc.collect()  # else a full collection falls into one step or another, by chance
gc.freeze()
ready = clock()
answer = app.test_client().get("/health")
assert answer.status_code == 200, answer.status
answered = clock()
create_app(settings)
again = clock()
print(json.dumps([built - began, answered - ready, again - answered]))
"""
NAMES = ("imports and the first create_app", "first answer", "another create_app")


def measure(python: str, checkout: Path) -> list[float]:
    """Return the seconds of processor time of each step, in a new process of a checkout."""
    with TemporaryDirectory() as instance:
        command = [python, "-W", "ignore", "-c", MEASURED, instance]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout)}
        found = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=True
        )
    taken: list[float] = json.loads(found.stdout.splitlines()[-1])
    return taken


def record(book: Book, plan: Plan) -> None:
    """Note when a server gives its first answer, and the memory that it has at rest and later."""
    for _ in plan.rounds():
        with _server.temp_folder() as folder:
            took, _ = begun(plan, folder, 0)
            book.note(FIRST_ANSWER + ", on a new folder", "ours", took, "s", "time")
            took, sizes = begun(plan, folder, plan.size(LOG_INS, 3))
            book.note(FIRST_ANSWER, "ours", took, "s", "time")
            book.note("memory at rest", "ours", sizes[0] / 1e6, "MB", "PSS")
            book.note("memory after log-ins", "ours", sizes[1] / 1e6, "MB", "PSS")


def begun(plan: Plan, folder: Path, log_ins: int) -> tuple[float, tuple[int, int]]:
    """Start a server; returns the seconds until its first answer, and bytes before and after."""
    port = _server.free_port()
    server = _server.ours(plan.python, port, folder)
    start = time.perf_counter()
    server.start()
    try:
        _server.wait_health(server, port)
        took = time.perf_counter() - start
        time.sleep(SETTLE_SECONDS)
        before = memory(server, "Pss")
        if log_ins:
            api = register(port)
            for _ in range(log_ins):
                body = {"email": "bench@example.com", "password": PASSWORD}
                api.want(200, "POST", "/api/v1/auth/login", body)
            time.sleep(SETTLE_SECONDS)
        return took, (before, memory(server, "Pss"))
    finally:
        server.stop()


def main() -> None:
    """Measure both in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="a checkout of another commit")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    rounds = [
        (measure(options.python, options.before.resolve()), measure(options.python, HERE))
        for _ in range(options.rounds)
    ]
    print("| step | before | now | ratio |\n| --- | --- | --- | --- |")
    for number, name in enumerate(NAMES):
        before = median(one[number] for one, _ in rounds)
        now = median(one[number] for _, one in rounds)
        ratio = median(later[number] / earlier[number] for earlier, later in rounds)
        print(f"| {name} | {before * 1000:.0f} ms | {now * 1000:.0f} ms | {ratio:.2f} |")


if __name__ == "__main__":
    main()
