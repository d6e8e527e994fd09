"""Jobs: how many a second, how soon, and whether a long queue slows them; Celery beside them.

No-op jobs are submitted over the service layer by the process that runs them, with 4 threads, and
counted until their end is in the database. Celery's producer, worker and Redis are processes of
their own. Both sides may use both cores. `print(1)` goes through the API of a real server.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench import _server
from bench._celery import Tuning, celery_entrant
from bench._http import Api, register
from bench._machine import describe
from bench._postgres import postgres
from bench._stats import markdown, median, percentile
from bench.whole.book import Book
from bench.whole.plan import Plan

WARM_RUNS = 3
QUEUES = (100, 1_000, 10_000, 100_000)


class Ours:
    """Our process, driven by lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, word: str, number: int) -> Any:
        """Send a command and return its answer; raises RuntimeError if the process has ended."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write(f"{word} {number}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("our process has ended")
        return json.loads(answer)

    def rate(self, word: str, jobs: int) -> float:
        """Return jobs a second, from the first submit to the last end."""
        found: float = self.ask(word, jobs)["finished"]
        return jobs / found


#: What ours keeps its jobs in: a file; or a server, where Procrastinate delivers them.
SQLITE_ENGINE = "sqlite"
PROCRASTINATE_ENGINE = "procrastinate"


@contextmanager
def ours(python: str, warm_up: int = 200, engine: str = SQLITE_ENGINE) -> Iterator[Ours]:
    """Run our process, warmed up; it runs jobs from the first submit on."""
    with ExitStack() as stack:
        folder = stack.enter_context(_server.temp_folder())
        env = {**os.environ, **_server.OURS_ENV, "INSTANCE_PATH": str(folder), "JOB_WORKERS": "4"}
        if engine == PROCRASTINATE_ENGINE:
            folder.chmod(0o755)  # PostgreSQL runs as an account of its own
            env["DATABASE_URL"] = stack.enter_context(postgres(folder / "postgres"))
        env["PYTHONPATH"] = str(_server.ROOT)
        command = ["taskset", "-c", "0,1", python, str(_server.PEERS / "ours_jobs.py")]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as process:
            entrant = Ours(process)
            if warm_up:
                entrant.ask("one", warm_up)
            yield entrant
            if process.stdin is not None:
                process.stdin.close()


#: What Celery is set up as: as it comes, tuned, and tuned with tasks as safe as ours.
PEERS = {
    "Celery": Tuning(prefetch=4, subscribe=True),
    "Celery, tuned": Tuning(),
    "Celery, appendfsync always": Tuning(durable=True),
}
#: Work -> the word for our process, and how many submit.
SUBMITTING = {
    "no-op jobs, 1 submitter": ("one", 1),
    "no-op jobs, 8 submitters": ("eight", 8),
}
LANGUAGES = {"Python": ("python", "print(1)"), "JavaScript": ("javascript", "console.log(1)")}


def record(book: Book, plan: Plan) -> None:
    """Note how many no-op jobs a second all get done, in turn, and how soon ours are."""
    jobs = plan.size(2000, 160)
    with ExitStack() as stack:
        mine = stack.enter_context(ours(plan.python))
        peers = {
            name: stack.enter_context(celery_entrant(plan.peer_python, tuning))
            for name, tuning in PEERS.items()
        }
        for _ in plan.rounds():
            for work, (word, submitters) in SUBMITTING.items():
                book.note(work, "ours", mine.rate(word, jobs), "jobs/s")
                for name, peer in peers.items():
                    book.note(work, name, peer.round(jobs, submitters), "jobs/s")
            begins = mine.ask("idle", plan.size(60, 5))
            book.note_latencies("a job, from its submit to its start", "ours", begins)


def record_printing(book: Book, plan: Plan) -> None:
    """Note how long `print(1)` takes through the API, a round after the other."""
    with printing_server(plan.python) as api:
        for _ in plan.rounds():
            for name, (language, code) in LANGUAGES.items():
                took = [printed(api, language, code) for _ in range(plan.size(25, 3))]
                book.note_latencies(f"print(1) in {name} through the API", "ours", took)


def throughput(options: argparse.Namespace) -> list[list[str]]:
    """Measure all entrants in turn, a few times, and return the rows of the table."""
    found: dict[str, list[float]] = {"a commit each": [], "100 to a commit": []}
    found |= {name: [] for name in PEERS}
    for number in range(options.rounds):
        print(f"round {number + 1}", file=sys.stderr)
        with ours(options.python, engine=options.engine) as entrant:
            found["a commit each"].append(entrant.rate("one", options.jobs))
            found["100 to a commit"].append(entrant.rate("hundred", options.jobs))
        for name, tuning in PEERS.items():
            with celery_entrant(options.celery_python, tuning) as peer:
                found[name].append(peer.round(options.jobs))
    return [_row(name, rates, found) for name, rates in found.items()]


def _row(name: str, rates: list[float], found: dict[str, list[float]]) -> list[str]:
    """Return a row; ratios are taken within a round."""
    ratios = [
        f"{median(a / b for a, b in zip(rates, found[peer], strict=True)):.2f}" for peer in PEERS
    ]
    return [name, f"{median(rates):,.0f}", *ratios]


def delays(options: argparse.Namespace) -> list[list[str]]:
    """Measure an idle submit, and print(1) through the API."""
    with ours(options.python, engine=options.engine) as entrant:
        begins = entrant.ask("idle", options.samples)
    return [
        ["submit to begin, idle", *_milliseconds(begins)],
        ["print(1), POST to result", *_milliseconds(list(printing(options)))],
    ]


def _milliseconds(seconds: list[float]) -> list[str]:
    return [f"{percentile(seconds, share) * 1e3:.1f}" for share in (0.5, 0.99)]


def printing(options: argparse.Namespace) -> Iterator[float]:
    """Have print(1) run by a server, again and again; yield the seconds until the result."""
    with printing_server(options.python) as api:
        for _ in range(options.samples):
            yield printed(api)


@contextmanager
def printing_server(python: str) -> Iterator[Api]:
    """Run a server that has run each language a few times; yields who may use it."""
    with _server.temp_folder() as folder:
        port = _server.free_port()
        server = _server.ours(python, port, folder)
        server.start()
        try:
            _server.wait_health(server, port)
            api = register(port)
            for language, code in list(LANGUAGES.values()) * WARM_RUNS:
                printed(api, language, code)
            yield api
        finally:
            server.stop()


def printed(api: Api, language: str = "python", code: str = "print(1)") -> float:
    """Submit print(1), wait for its end by long poll, and read the result."""
    start = time.perf_counter()
    body = {"type": "code_execution", "payload": {"language": language, "code": code}}
    status, job = api.call("POST", "/api/v1/jobs", body)
    if status != 201:
        raise SystemExit(f"the job was not taken: {job}")
    topic, after = f"/api/v1/events?topic=job:{job['id']}&wait=10", 0
    ended = False
    while not ended:
        _, page = api.call("GET", f"{topic}&after={after}")
        after = int(page["items"][-1]["id"]) if page["items"] else after
        ended = any(one["type"] == "job.succeeded" for one in page["items"])
    _, job = api.call("GET", f"/api/v1/jobs/{job['id']}")
    took = time.perf_counter() - start
    if job["result"]["stdout"] != "1\n":
        raise SystemExit(f"the code did not print: {job}")
    return took


def claims(options: argparse.Namespace) -> list[list[str]]:
    """Measure claiming four jobs from queues of growing length."""
    with ours(options.python, warm_up=0, engine=options.engine) as entrant:
        entrant.ask("claim", QUEUES[0])
        return [[f"{length:,}", *_milliseconds(entrant.ask("claim", length))] for length in QUEUES]


def main() -> None:
    """Run the rounds and print the tables."""
    parser = argparse.ArgumentParser(prog="bench.jobs", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter that runs ours")
    parser.add_argument("--celery-python", default=str(_server.PEER_PYTHON), help="one that has it")
    engines = (SQLITE_ENGINE, PROCRASTINATE_ENGINE)
    parser.add_argument("--engine", choices=engines, default=SQLITE_ENGINE, help="of our jobs")
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    options.python = str(Path(options.python).absolute())
    _server.begin()
    tables = (
        (("no-op jobs, 4 threads", "jobs/s", *(f"to {name}" for name in PEERS)), throughput),
        (("delay, ms", "p50", "p99"), delays),
        (("jobs that wait", "claim of 4, ms p50", "p99"), claims),
    )
    print(describe())
    for head, measure in tables:
        print("\n" + markdown(head, measure(options)), flush=True)


if __name__ == "__main__":
    main()
