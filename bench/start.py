"""What building the application and its first answer cost, beside another commit's.

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
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent.parent
ROUNDS = 15

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
