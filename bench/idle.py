"""A thousand idle sockets: what they cost in memory, and whether HTTP notices.

`GET /api/v1/auth/me` is asked at a fixed modest rate, first without sockets, then with all
of them subscribed to one project; several rounds, for the machine has moods.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench import _server
from bench._crowd import Crowd
from bench._http import Api, register
from bench._httpload import HttpLoad
from bench._machine import Watch, calm, describe
from bench._stats import markdown, median, percentile, ratio

PATH = "/api/v1/auth/me"
SETTLE_SECONDS = 1.0
CONNECTIONS = 4
THREADS_BESIDE = 50


@dataclass(frozen=True)
class Figure:
    """One measurement: latencies in milliseconds, and what others took of a core."""

    p50: float
    p99: float
    others: float


@dataclass
class Samples:
    """Medians come from these: latencies in milliseconds, memory in bytes."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    pss: list[int] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)


def memory(server: _server.Server, kind: str) -> int:
    """Return bytes over all processes of the server; `kind` is Pss or Rss."""
    total = 0
    for pid in server.pids():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                total += int(line.split()[1]) * 1024
    return total


def sample(server: _server.Server, api: Api, options: argparse.Namespace, into: Samples) -> None:
    """Take one round's memory and latencies."""
    time.sleep(SETTLE_SECONDS)
    into.pss.append(memory(server, "Pss"))
    into.rss.append(memory(server, "Rss"))
    found = calm(partial(measure, server, api, options), lambda found: found.others)
    into.p50.append(found.p50)
    into.p99.append(found.p99)
    into.others.append(found.others)


def measure(server: _server.Server, api: Api, options: argparse.Namespace) -> Figure:
    """Ask at the fixed rate."""
    load = HttpLoad(api.port, PATH, api.token, CONNECTIONS)
    watch = Watch(server.pids())
    result = load.paced(options.rate, options.seconds)
    _, others = watch.shares()
    load.close()
    p50, p99 = (percentile(result.latencies, share) * 1e3 for share in (0.5, 0.99))
    return Figure(p50, p99, others)


def run(options: argparse.Namespace, folder: Path) -> tuple[Samples, Samples]:
    """Return the samples without and with sockets."""
    port = _server.free_port()
    limit = str(options.sockets + THREADS_BESIDE)
    server = _server.ours(options.python, port, folder, SOCKET_LIMIT=limit)
    server.start()
    try:
        _server.wait_health(server, port)
        return rounds(server, port, options)
    finally:
        server.stop()


def rounds(
    server: _server.Server, port: int, options: argparse.Namespace
) -> tuple[Samples, Samples]:
    """Alternate between no sockets and all of them."""
    api = register(port)
    project = api.want(201, "POST", "/api/v1/projects", {"name": "idle"})["id"]
    path = f"/ws?token={api.token}&project_id={project}"
    without, with_all = Samples(), Samples()
    warm = HttpLoad(port, PATH, api.token, CONNECTIONS)
    warm.paced(options.rate, 2.0)
    warm.close()
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        sample(server, api, options, without)
        crowd = Crowd(port, path, options.sockets)
        crowd.start()
        sample(server, api, options, with_all)
        crowd.close()
        if crowd.closed:
            raise RuntimeError(f"the server closed {crowd.closed} idle sockets")
    return without, with_all


def table(without: Samples, with_all: Samples, sockets: int) -> str:
    """Return latencies as medians; memory of the first round, before anything was reused."""
    head = (
        "idle sockets",
        "p50 ms",
        "p99 ms",
        "PSS MiB",
        "RSS MiB",
        "PSS KiB per socket",
        "others, most",
    )
    each = (with_all.pss[0] - without.pss[0]) / sockets / 1024
    rows = [
        _row("0", without, ""),
        _row(f"{sockets:,}", with_all, f"{each:.1f}"),
    ]
    change = ratio(median(with_all.p99), median(without.p99))
    return markdown(head, rows) + f"\n\np99 with sockets / without: {change:.2f}"


def _row(name: str, samples: Samples, each: str) -> list[str]:
    return [
        name,
        f"{median(samples.p50):.2f}",
        f"{median(samples.p99):.2f}",
        f"{samples.pss[0] / 2**20:.1f}",
        f"{samples.rss[0] / 2**20:.1f}",
        each,
        f"{max(samples.others):.0%}",
    ]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench.idle", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the server")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    _server.begin()
    with _server.temp_folder() as folder:
        found = run(options, folder)
    print(describe())
    print()
    print(table(*found, options.sockets))


if __name__ == "__main__":
    main()
