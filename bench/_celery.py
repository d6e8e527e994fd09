"""Celery on Redis, as the other side of the comparison of jobs.

The worker has four threads and shares the server's core with Redis, which keeps nothing on disk
unless it is told to; the producer has the load generator's core. Needs `redis-server`, and Celery
in the interpreter that is named.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import _server
from bench._machine import Watch, cpu_seconds

WARM_TASKS = 200
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@dataclass(frozen=True)
class Tuning:
    """How Celery is set up. As it stands here: the fastest that still records each result."""

    #: Messages that a thread fetches ahead; 0 is without limit. Celery's own default is 4.
    prefetch: int = 64
    ignore_result: bool = False
    #: Whether the producer could ask for the results, which is Celery's default.
    subscribe: bool = False
    #: Whether Redis has a task on disk before it answers, as ours has (`appendfsync always`).
    durable: bool = False
    redis_core: int = _server.SERVER_CORE
    threads: int = 4

    def environment(self, port: int) -> dict[str, str]:
        """Return what the worker and the producer are told."""
        broker, results = (f"redis://127.0.0.1:{port}/{number}" for number in (0, 1))
        return {
            "PYTHONPATH": str(_server.PEERS),
            "BROKER": broker,
            "RESULTS": results,
            "PREFETCH": str(self.prefetch),
            "IGNORE_RESULT": str(int(self.ignore_result)),
        }


@dataclass(frozen=True)
class Figure:
    """One round: tasks a second from first submit to last end, submits a second, others' share.

    `cpu` is what the worker and Redis spent on a task, in seconds: it says more than the rate when
    the machine is shared.
    """

    rate: float
    submits: float
    cpu: float
    others: float


@dataclass
class Entrant:
    """A running worker with its producer."""

    producer: subprocess.Popen[str]
    servers: list[_server.Server] = field(default_factory=list)

    def round(self, tasks: int, threads: int = 1) -> float:
        """Submit tasks one by one; return how many a second were finished."""
        return self.measure(tasks, threads).rate

    def measure(self, tasks: int, threads: int = 1) -> Figure:
        """Submit tasks one by one and wait for the last; raises RuntimeError if one is dead."""
        pids = self.server_pids()
        watch, before = Watch([self.producer.pid, *pids]), cpu_seconds(pids)
        times = self._ask(tasks, threads)
        _, others = watch.shares()
        spent = cpu_seconds(pids) - before
        return Figure(tasks / times["finished"], tasks / times["submitted"], spent / tasks, others)

    def server_pids(self) -> list[int]:
        """Return the processes of the worker and of Redis."""
        return [pid for one in self.servers for pid in one.pids()]

    def _ask(self, tasks: int, threads: int) -> dict[str, float]:
        if self.producer.stdin is None or self.producer.stdout is None:
            raise RuntimeError("the producer has no pipes")
        with suppress(BrokenPipeError):
            self.producer.stdin.write(f"{tasks} {threads}\n")
            self.producer.stdin.flush()
        answer = self.producer.stdout.readline()
        if not answer:
            raise RuntimeError(f"the producer has ended\n{self.servers[-1].output()}")
        found: dict[str, float] = json.loads(answer)
        return found


@contextmanager
def celery_entrant(python: str, tuning: Tuning | None = None) -> Iterator[Entrant]:
    """Run Redis, a worker and a producer, warmed up; all are gone afterwards."""
    how = tuning or Tuning()
    port = _server.free_port()
    with ExitStack() as stack:
        folder = stack.enter_context(_server.temp_folder())
        redis = _running(stack, _redis(port, folder, how))
        _server.wait_port(redis, port)
        env = how.environment(port)
        worker = _worker(python, folder, how.threads, env | {"BACKEND": env["RESULTS"]})
        _running(stack, worker)
        producer_env = env | ({"BACKEND": env["RESULTS"]} if how.subscribe else {})
        producer = stack.enter_context(_producer(python, folder, producer_env))
        entrant = Entrant(producer, [redis, worker])
        entrant.round(WARM_TASKS)
        yield entrant


def _running(stack: ExitStack, server: _server.Server) -> _server.Server:
    stack.callback(server.stop)
    server.start()
    return server


def _redis(port: int, folder: Path, how: Tuning) -> _server.Server:
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("first: apt-get install redis-server")
    command = ["taskset", "-c", str(how.redis_core), program, "--port", str(port)]
    command += ["--dir", str(folder), "--bind", "127.0.0.1", "--save", ""]
    kept = ["--appendonly", "yes", "--appendfsync", "always"]
    return _server.Server(command + (kept if how.durable else ["--appendonly", "no"]), folder)


def _worker(python: str, folder: Path, threads: int, env: dict[str, str]) -> _server.Server:
    command = [python, "-m", "celery", "-A", "celery_tasks", "worker", "-P", "threads"]
    command += ["-c", str(threads), "-l", "ERROR", *QUIET]
    return _server.Server(command, folder, env)


@contextmanager
def _producer(python: str, folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start the producer on the load generator's core; it ends with the block."""
    script = str(_server.PEERS / "celery_producer.py")
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(_server.LOAD_CORE), python, script],
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
