"""Fan-out: 200 clients, 200-byte messages, ours (both sockets) against `ws` and Socket.IO.

One client keeps 1, 4 or 16 messages in flight; a message is done when all clients have
it. The servers share one core, where all but the measured one idle, and the load
generator has the other. Systems take turns every few seconds, so that whatever else the
machine does meets all of them; ratios are taken within a round, and their median printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from bench import _server
from bench._machine import Watch, calm, describe
from bench._stats import markdown, median, ratio
from bench._swarm import Phase, Swarm
from bench._systems import OURS, SYSTEMS, WS, System, Variant
from bench.whole.book import Book
from bench.whole.plan import Plan

IN_FLIGHT = (1, 4, 16)
WARM_SECONDS = 0.5
SAMPLED_CLIENTS = 4
TAIL_MESSAGES = 200
CLIENTS = 200
#: Clients of each point of the curve.
CROWDS = (10, 30, 100, 300, 900)
CURVE = ("Fan-out, one message in flight", "clients", "deliveries/s")
BASE = "ws"


@dataclass(frozen=True)
class Figure:
    """One measurement; latencies in milliseconds, shares 0..1, sizes in bytes."""

    rate: float
    p50: float
    p99: float
    load_busy: float
    server_busy: float
    others: float
    frame: int


Key = tuple[str, int]
Round = dict[Key, Figure]


def figure(phase: Phase, watch: Watch) -> Figure:
    """Turn a phase, and what the processors did in it, into a figure."""
    p50, p99 = (phase.latencies.percentile(share) * 1e3 for share in (0.5, 0.99))
    server, others = watch.shares()
    return Figure(phase.rate, p50, p99, phase.busy, server, others, phase.frame)


def measure(
    server: _server.Server, swarm: Swarm, variant: Variant, in_flight: int, seconds: float
) -> Figure:
    """Warm up, measure with some clients checked, then check all clients on a tail."""
    swarm.message = variant.message
    swarm.drive(in_flight, min(seconds, WARM_SECONDS))
    watch = Watch(server.pids())
    found = figure(swarm.drive(in_flight, seconds, keep=SAMPLED_CLIENTS), watch)
    swarm.check(variant.number_of)
    swarm.drive(in_flight, 60.0, keep=len(swarm.socks), limit=TAIL_MESSAGES)
    swarm.check(variant.number_of)
    return found


class Contest:
    """All systems, running side by side; one is measured at a time, the others idle."""

    def __init__(
        self,
        python: str,
        stack: ExitStack,
        clients: int,
        seconds: float,
        systems: Sequence[System] = SYSTEMS,
    ) -> None:
        self.python, self.clients, self.seconds = python, clients, seconds
        self.servers = [self._start(system, stack) for system in systems]

    def _start(self, system: System, stack: ExitStack) -> tuple[_server.Server, Swarm, System]:
        folder = stack.enter_context(_server.temp_folder())
        port = _server.free_port()
        server = system.server(self.python, port, folder)
        stack.callback(server.stop)
        server.start()
        swarm = system.join(server, port, self.clients)
        stack.callback(swarm.close)
        return server, swarm, system

    def round(self, in_flights: Sequence[int] = IN_FLIGHT) -> Round:
        """Measure every variant at every number in flight."""
        return {
            (variant.name, in_flight): self._calmly(server, swarm, variant, in_flight)
            for in_flight in in_flights
            for server, swarm, system in self.servers
            for variant in system.variants
        }

    def _calmly(
        self, server: _server.Server, swarm: Swarm, variant: Variant, in_flight: int
    ) -> Figure:
        self._tend()
        once = partial(measure, server, swarm, variant, in_flight, self.seconds)
        found = calm(once, lambda figure: figure.others, self._tend)
        print(f"{variant.name:14} {in_flight:3} {found}", file=sys.stderr)
        return found

    def _tend(self) -> None:
        """Keep the connections of those whose turn it is not."""
        for _, swarm, _ in self.servers:
            swarm.tend()


def record(book: Book, plan: Plan) -> None:
    """Note every variant at every number in flight, and how it goes on with the clients."""
    clients = plan.size(CLIENTS, 20)
    with ExitStack() as stack:
        contest = Contest(plan.python, stack, clients, plan.seconds)
        for _ in plan.rounds():
            for (name, in_flight), found in contest.round().items():
                note(book, work_of(in_flight), name, found)
    for count in CROWDS[:2] if plan.quick else CROWDS:
        with ExitStack() as stack:
            contest = Contest(plan.python, stack, count, plan.seconds, (OURS, WS))
            for (name, _), found in contest.round(IN_FLIGHT[:1]).items():
                book.point("fan-out", CURVE, name, count, found.rate)


def work_of(in_flight: int) -> str:
    """Return what the work is called."""
    return f"fan-out to 200, {in_flight} in flight"


def note(book: Book, work: str, name: str, found: Figure) -> None:
    """Add a figure to the book."""
    book.note(work, name, found.rate, "deliveries/s", others=found.others)
    book.note(work, name, found.p50, "ms", "p50", others=found.others)
    book.note(work, name, found.p99, "ms", "p99", others=found.others)


def table(rounds: list[Round]) -> str:
    """Return the medians over all rounds; ratios are medians of a round's own ratios."""
    head = (
        "system, in flight",
        "deliveries/s",
        f"ratio to {BASE}",
        "p50 ms",
        "p99 ms",
        f"p99 ratio to {BASE}",
        "frame bytes",
        "server core busy",
        "load core busy",
        "others, most",
    )
    keys = sorted(rounds[0], key=lambda key: key[1])
    return markdown(head, (_row(rounds, key) for key in keys))


def _row(rounds: list[Round], key: Key) -> list[str]:
    name, in_flight = key
    columns: dict[str, list[float]] = defaultdict(list)
    for found in rounds:
        base = found[BASE, in_flight]
        for field, value in vars(found[key]).items():
            columns[field].append(value)
        columns["faster"].append(ratio(found[key].rate, base.rate))
        columns["later"].append(ratio(found[key].p99, base.p99))
    mid = {field: median(values) for field, values in columns.items()}
    return [
        f"{name}, {in_flight}",
        f"{mid['rate']:,.0f}",
        f"{mid['faster']:.2f}",
        f"{mid['p50']:.2f}",
        f"{mid['p99']:.2f}",
        f"{mid['later']:.2f}",
        f"{mid['frame']:.0f}",
        f"{mid['server_busy']:.0%}",
        f"{mid['load_busy']:.0%}",
        f"{max(columns['others']):.0%}",
    ]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench.fanout", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for ours")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    parser.add_argument("--minutes", type=float, default=10.0, help="after which no round begins")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    return parser.parse_args(given)


def main() -> None:
    """Run the rounds and print the table."""
    options = arguments()
    _server.begin()
    rounds: list[Round] = []
    with ExitStack() as stack:
        contest = Contest(options.python, stack, options.clients, options.seconds)
        until = time.monotonic() + options.minutes * 60
        while len(rounds) < options.rounds and time.monotonic() < until:
            print(f"round {len(rounds) + 1} of {options.rounds}", file=sys.stderr)
            rounds.append(contest.round())
    print(describe())
    print()
    print(table(rounds))


if __name__ == "__main__":
    main()
