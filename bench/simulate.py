"""How many people one process, many, and many installations carry: simulated from measured costs.

    python -m bench.simulate             the tables, and the picture with --svg FILE
    python -m bench.simulate measure     the costs, measured here, as lines for `_costs.py`

What a message costs a process is fitted to measured points and held against others that the fit
has not seen; what is assumed of people and of databases is named in `_cell.PEOPLE` and `_costs`.
Queues are simulated: interpreters that do one thing at a time, each with the threads of one
process, and a log whose commits are ordered. The seed is fixed, so the tables stay the same.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bench import _server
from bench._cell import Cell, Outcome
from bench._costs import FILE_TURN_MS, POSTGRES_TURN_MS, PROCESS_MIB, SECONDS, SOCKET_KIB, proof
from bench._machine import cpu_seconds
from bench._plot import curve
from bench._stats import markdown
from bench._systems import OURS

#: Real seconds of a measurement.
MEASURED_SECONDS = 1.5


@dataclass(frozen=True)
class Plan:
    """A row of the table: who are online, and what carries them."""

    people: int
    processes: int
    logs: int = 1
    shared: bool = False
    #: Installations like this one beside it, which know nothing of one another.
    cells: int = 1

    def outcome(self, seconds: float = SECONDS) -> Outcome:
        """Simulate one of its cells."""
        turn = FILE_TURN_MS if self.processes == 1 else POSTGRES_TURN_MS
        cell = Cell(self.people // self.cells, self.processes, self.logs, turn, shared=self.shared)
        return cell.run(seconds)

    def row(self) -> list[str]:
        """Simulate it, and return its row."""
        found = self.outcome()
        memory = (
            self.processes * PROCESS_MIB + self.people / self.cells * SOCKET_KIB / 1024
        ) / 1024
        over = found.log > FULL and not self.shared
        changes = "grows" if over else f"{found.change_p99:.0f}"
        return [
            f"{self.people:,}",
            f"{self.cells:,}",
            f"{self.processes}",
            f"{self.logs}, {'shared' if self.shared else 'one each'}",
            f"{self.cells * self.processes * found.web:,.1f}",
            f"{self.cells * memory:,.1f}",
            f"{found.web:.0%}",
            f"{found.log:.0%}",
            f"{found.read_p99:.0f}",
            changes,
            "grows" if over else f"{found.told_p99:.0f}",
        ]


HEAD = (
    *("people online", "installations", "processes in each", "logs in each, commits"),
    *("cores for people", "GiB", "interpreters busy", "log busy"),
    *("read p99 ms", "change p99 ms", "told p99 ms"),
)
#: A log that is busier than this share of the time does not keep up.
FULL = 0.99
PLANS = (
    Plan(1_000, 1),
    Plan(4_000, 1),
    Plan(10_000, 6),
    Plan(30_000, 16),
    Plan(50_000, 26),
    Plan(100_000, 50),
    Plan(100_000, 50, shared=True),
    Plan(100_000, 50, logs=4),
    Plan(10_000_000, 50, logs=4, cells=100),
)
#: People on one process, for the picture.
ALONE = (100, 300, 1_000, 2_000, 3_000, 4_000, 5_000, 5_500)


def measure() -> None:
    """Measure what SIGNALS and KEPT hold: the server's processor time a message."""
    _server.begin()
    for clients in (10, 50, 200, 500):
        with ExitStack() as stack:
            folder, port = stack.enter_context(_server.temp_folder()), _server.free_port()
            server = OURS.server(sys.executable, port, folder)
            stack.callback(server.stop)
            server.start()
            swarm = OURS.join(server, port, clients)
            stack.callback(swarm.close)
            for variant, flight in product(OURS.variants, (1, 4, 16)):
                swarm.message = variant.message
                swarm.drive(flight, 0.5)
                before = cpu_seconds(server.pids())
                phase = swarm.drive(flight, MEASURED_SECONDS)
                used = cpu_seconds(server.pids()) - before
                each = used * 1e3 / (phase.rate * MEASURED_SECONDS / clients)
                print(f"{variant.name}: ({clients}, {flight}): {each:.3f},", flush=True)


def main() -> None:
    """Print the tables, or measure."""
    parser = argparse.ArgumentParser(prog="bench.simulate", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("tables", "measure"), default="tables")
    parser.add_argument("--svg", type=Path, help="where the picture goes")
    options = parser.parse_args()
    if options.what == "measure":
        measure()
        return
    print(proof(), markdown(HEAD, (plan.row() for plan in PLANS)), sep="\n\n")
    if options.svg:
        points = [(people, Plan(people, 1).outcome(30).told_p99) for people in ALONE]
        title = "People online on one process"
        options.svg.write_text(
            curve(title, points, "p99 of being told of a change, ms (simulated)")
        )


if __name__ == "__main__":
    main()
