"""A list of 20 projects for who has it already: 304 before it is read, 304 after, and 200.

The same server is measured with LIST_TAGS on and off, by eight keep-alive connections. The CPU
time of the server for each request is told besides, which other work disturbs less.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import _server
from bench._http import register
from bench._httpload import HttpLoad
from bench._machine import describe
from bench._rates import WARM_SECONDS, Figure, measure, table
from bench._stats import median
from bench.http_list import PATH, check, fill

#: Name -> LIST_TAGS, and whether the list is asked for with its tag.
WAYS = {
    "200, tags kept": ("10000", False),
    "200, none kept": ("0", False),
    "304 after reading": ("0", True),
    "304 before reading": ("10000", True),
}
BASE = "200, none kept"
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Way:
    """A running server, and how it is asked."""

    server: _server.Server
    port: int
    token: str
    tag: str

    def cpu_seconds(self) -> float:
        """Return the CPU time that the server's processes have taken."""
        return sum(_ticks(pid) for pid in self.server.pids()) / TICKS_A_SECOND


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def enter(name: str, python: str, stack: ExitStack) -> Way:
    """Start a server and fill it; it ends with the stack."""
    kept, knows = WAYS[name]
    folder, port = stack.enter_context(_server.temp_folder()), _server.free_port()
    server = _server.ours(python, port, folder, LIST_TAGS=kept)
    stack.callback(server.stop)
    server.start()
    _server.wait_health(server, port)
    api = register(port)
    check(api, fill(api))
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Accept": "application/json", "Authorization": f"Bearer {api.token}"}
    connection.request("GET", PATH, headers=headers)
    tag = connection.getresponse().headers["ETag"]
    connection.close()
    return Way(server, port, api.token, tag if knows else "")


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.list_tags", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter of the servers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    _server.begin()
    rounds: list[dict[str, Figure]] = []
    cpu: dict[str, list[float]] = {name: [] for name in WAYS}
    with ExitStack() as stack:
        ways = {name: enter(name, options.python, stack) for name in WAYS}
        for _ in range(options.rounds):
            found = {}
            for name, way in ways.items():
                load = HttpLoad(way.port, PATH, way.token, options.connections, tag=way.tag)
                before = way.cpu_seconds()
                found[name] = measure(way.server, load, options.seconds)
                took = way.cpu_seconds() - before
                requests = found[name].rate * (options.seconds + WARM_SECONDS)
                cpu[name].append(took / requests * 1e6)
            rounds.append(found)
    print(describe())
    print()
    print(table(rounds, WAYS, BASE))
    print({name: f"{median(took):.0f} us of CPU a request" for name, took in cpu.items()})


if __name__ == "__main__":
    main()
