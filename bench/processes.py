"""What a second process brings, and what it costs to tell it: requests, fan-out, crossing.

One process and two answer the same requests and tell the same readers. Both may use all cores, and
so may the load generator: where there are only two, a second process can't bring a whole core, and
the processor time of the server says more than the rate. Then what it costs that a process tells
another one of each event: on one machine by datagrams, and from machine to machine by Redis.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median

from bench import _server
from bench._entrants import OURS as OUR_NAME
from bench._entrants import enter
from bench._http import Api, register
from bench._machine import cpu_seconds, describe
from bench._stats import markdown
from bench._swarm import Swarm
from bench._systems import MARKER, OURS, Variant, subscribed
from bench.rest import CREATE_TASK, LIST_OF_TASKS, WORKS, fill, visit
from bench.whole.plan import Plan

READERS = 200
IN_FLIGHT = (1, 16)
#: What is in the lists, and connections that ask.
PROJECTS, TASKS, CONNECTIONS = 40, 200, 16
ONE, ALONE = "1 process", "alone"
ALL_CORES = f"0-{(os.cpu_count() or 1) - 1}"
WARM_SECONDS = 0.5


@dataclass
class Rounds:
    """What was measured, by what and with what: answers or deliveries a second, and µs each."""

    found: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)

    def note(self, work: str, how: str, rate: float, cpu: float) -> None:
        """Note a measurement."""
        self.found.setdefault((work, how), []).append((rate, cpu))
        print(f"{work:40} {how:28} {rate:10,.0f} {cpu:9.1f}", file=sys.stderr, flush=True)

    def rows(self, base: str) -> Iterator[list[str]]:
        """Yield a row for each: medians, and their ratios to the base in the same round."""
        for (work, how), some in self.found.items():
            first = self.found.get((work, base), some)
            pairs = list(zip(some, first, strict=False))
            yield [
                f"{work}, {how}",
                f"{median(rate for rate, _ in some):,.0f}",
                f"{median(rate / other for (rate, _), (other, _) in pairs):.2f}",
                f"{median(cpu for _, cpu in some):,.1f}",
                f"{median(cpu - other for (_, cpu), (_, other) in pairs):+,.1f}",
            ]


# -- a second process of one server ---------------------------------------------------------------


def processes(rounds: Rounds, plan: Plan, readers: int) -> None:
    """Measure requests and fan-out with one process and with two, in turn."""
    for count, how in ((1, ONE), (2, "2 processes")):
        with ExitStack() as stack:
            requests(rounds, plan, how, stack, WEB_PROCESSES=str(count))
        with ExitStack() as stack:
            folder, port = stack.enter_context(_server.temp_folder()), _server.free_port()
            server = _server.ours(plan.python, port, folder, WEB_PROCESSES=str(count))
            start(server, port, stack)
            swarm = OURS.join(server, port, readers)
            stack.callback(swarm.close)
            for variant in OURS.variants:
                for flight in IN_FLIGHT:
                    deliver(rounds, [server], swarm, variant, flight, how, plan.seconds)


def requests(rounds: Rounds, plan: Plan, how: str, stack: ExitStack, **settings: str) -> None:
    """Measure a list and a change over REST."""
    entrant = enter(OUR_NAME, plan, stack, cores=ALL_CORES, **settings)
    fill(entrant, PROJECTS, TASKS)
    for name in (LIST_OF_TASKS, CREATE_TASK):
        found = visit(entrant, replace(WORKS[name], connections=CONNECTIONS), plan.seconds)
        rounds.note(name, how, found.rate, found.cpu)


def start(server: _server.Server, port: int, stack: ExitStack) -> None:
    """Start a server; it ends with the stack."""
    server.runs_on(ALL_CORES)
    stack.callback(server.stop)
    server.start()
    _server.wait_health(server, port)


def deliver(
    rounds: Rounds,
    servers: list[_server.Server],
    swarm: Swarm,
    variant: Variant,
    flight: int,
    how: str,
    seconds: float,
) -> None:
    """Measure deliveries a second, and microseconds of all servers for a message."""
    swarm.message = variant.message
    swarm.drive(flight, min(WARM_SECONDS, seconds))
    pids = [pid for server in servers for pid in server.pids()]
    before = cpu_seconds(pids)
    phase = swarm.drive(flight, seconds)
    each = (cpu_seconds(pids) - before) / phase.messages * 1e6
    swarm.check(variant.number_of)
    rounds.note(f"{variant.name}, {flight} in flight", how, phase.rate, each)


# -- from one server to another -------------------------------------------------------------------


def crossing(rounds: Rounds, plan: Plan, readers: int, **settings: str) -> None:
    """Measure readers on one server: alone, beside a second one, and with half of them there."""
    line = "Redis" if settings else "datagrams"
    with ExitStack() as stack:
        folder = stack.enter_context(_server.temp_folder())
        ports = [_server.free_port() for _ in range(2)]
        first, second = (_server.ours(plan.python, port, folder, **settings) for port in ports)
        start(first, ports[0], stack)
        api = register(ports[0])
        project = api.want(201, "POST", "/api/v1/projects", {"name": "crossing"})["id"]
        near = follow(api, project, [ports[0]] * readers, stack)
        measure(rounds, [first], near, ALONE, plan, line)
        start(second, ports[1], stack)
        both = [first, second]
        measure(rounds, both, near, "a second one, nobody there", plan, line)
        near.close()
        halves = [*[ports[0]] * (readers - readers // 2), *[ports[1]] * (readers // 2)]
        measure(rounds, both, follow(api, project, halves, stack), "half of them there", plan, line)


def measure(
    rounds: Rounds,
    servers: list[_server.Server],
    swarm: Swarm,
    how: str,
    plan: Plan,
    line: str,
) -> None:
    """Measure each kind of message at each number in flight."""
    for variant in OURS.variants:
        for flight in IN_FLIGHT:
            named = replace(variant, name=f"{line}: {variant.name}")
            deliver(rounds, servers, swarm, named, flight, how, plan.seconds)


def follow(api: Api, project: int, ports: list[int], stack: ExitStack) -> Swarm:
    """Connect a reader to each of these ports; the first of them publishes."""
    path = f"/ws?token={api.token}&project_id={project}"
    swarm = Swarm([subscribed(port, path) for port in ports], MARKER)
    stack.callback(swarm.close)
    return swarm


@contextmanager
def redis() -> Iterator[str | None]:
    """Run a Redis, and return its address; None: there is no program."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with _server.temp_folder() as folder:
        port = _server.free_port()
        words = [program, "--port", str(port), "--dir", str(folder), "--bind", "127.0.0.1"]
        server = _server.Server([*words, "--save", ""], folder)
        server.runs_on(ALL_CORES)
        server.start()
        try:
            _server.wait_port(server, port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.stop()


HEAD = ("what", "a second", "ratio", "µs of the servers each", "more")


def main() -> None:
    """Run the rounds and print the tables."""
    parser = argparse.ArgumentParser(prog="bench.processes", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the servers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    parser.add_argument("--readers", type=int, default=READERS)
    options = parser.parse_args()
    _server.begin()
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    plan = Plan(options.python, options.python, options.seconds, options.rounds, 900.0)
    shared, crossed = Rounds(), Rounds()
    with redis() as address:
        for _ in plan.rounds():
            processes(shared, plan, options.readers)
            crossing(crossed, plan, options.readers)
            if address:
                crossing(crossed, plan, options.readers, REDIS_URL=address)
    print(describe(), markdown(HEAD, shared.rows(ONE)), sep="\n\n")
    print()
    print(markdown(HEAD, crossed.rows(ALONE)))


if __name__ == "__main__":
    main()
