"""Fan-out: 200 clients, 200-byte messages, ours against `ws` and Socket.IO.

One client keeps 1, 4 or 16 messages in flight; a message is done when all clients have
it. The server has one core and the load generator the other. Rounds interleave the
systems, so that whatever else the machine does meets all of them; ratios are taken
within a round, and their median is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from dataclasses import dataclass

from bench import _server
from bench._stats import markdown, median, ratio
from bench._swarm import Phase, Swarm
from bench._systems import SYSTEMS, System, Variant

IN_FLIGHT = (1, 4, 16)
WARM_SECONDS = 0.5
SAMPLED_CLIENTS = 4
TAIL_MESSAGES = 200
BASE = "ws"


@dataclass(frozen=True)
class Figure:
    """One measurement; latencies in milliseconds, shares 0..1, sizes in bytes."""

    rate: float
    p50: float
    p99: float
    load_busy: float
    server_busy: float
    frame: int


Key = tuple[str, int]
Round = dict[Key, Figure]


def cpu_seconds(server: _server.Server) -> float:
    """Return the processor time of the server's processes so far, in seconds."""
    ticks = 0
    for pid in server.pids():
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def figure(phase: Phase, cpu: float) -> Figure:
    """Turn a phase and the server's processor time in it into a figure."""
    p50, p99 = (phase.latencies.percentile(share) * 1e3 for share in (0.5, 0.99))
    return Figure(phase.rate, p50, p99, phase.busy, cpu / phase.seconds, phase.frame)


def measure(
    server: _server.Server, swarm: Swarm, variant: Variant, in_flight: int, seconds: float
) -> Figure:
    """Warm up, measure with some clients checked, then check all clients on a tail."""
    swarm.message = variant.message
    swarm.drive(in_flight, WARM_SECONDS)
    before = cpu_seconds(server)
    phase = swarm.drive(in_flight, seconds, keep=SAMPLED_CLIENTS)
    cpu = cpu_seconds(server) - before
    swarm.check(variant.number_of)
    swarm.drive(in_flight, 60.0, keep=len(swarm.socks), limit=TAIL_MESSAGES)
    swarm.check(variant.number_of)
    return figure(phase, cpu)


def visit(system: System, options: argparse.Namespace) -> Round:
    """Start one system, measure all its variants, stop it."""
    with _server.temp_folder() as folder:
        port = _server.free_port()
        server = system.server(options.python, port, folder)
        server.start()
        try:
            swarm = system.join(server, port, options.clients)
            return _variants(server, swarm, system, options.seconds)
        except Exception:
            print(server.output(), file=sys.stderr)
            raise
        finally:
            server.stop()


def _variants(server: _server.Server, swarm: Swarm, system: System, seconds: float) -> Round:
    found: Round = {}
    for variant in system.variants:
        for in_flight in IN_FLIGHT:
            result = measure(server, swarm, variant, in_flight, seconds)
            found[variant.name, in_flight] = result
            print(f"{variant.name:14} {in_flight:3} {result}", file=sys.stderr)
    swarm.close()
    return found


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
    ]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench.fanout", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for ours")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--clients", type=int, default=200)
    names = [system.name for system in SYSTEMS]
    parser.add_argument("--systems", nargs="+", default=names, choices=names)
    return parser.parse_args(given)


def main() -> None:
    """Run the rounds and print the table."""
    options = arguments()
    _server.pin_load()
    rounds: list[Round] = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        chosen = [system for system in SYSTEMS if system.name in options.systems]
        rounds.append({k: v for system in chosen for k, v in visit(system, options).items()})
    print(table(rounds))


if __name__ == "__main__":
    main()
