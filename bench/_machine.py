"""The machine: what it is, and whether anything else is using it while we measure."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
TICK = os.sysconf("SC_CLK_TCK")
#: Seconds of processor time a second that others may take before a figure is measured again.
DISTURBED = 0.10
ATTEMPTS = int(os.environ.get("BENCH_ATTEMPTS", "3"))
QUIET_WAIT_SECONDS = 15.0


def cpu_seconds(pids: list[int]) -> float:
    """Return the processor time of these processes so far, of those that are still there."""
    ticks = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def machine_seconds() -> float:
    """Return the processor time of all processes so far, and what the host withheld."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    ticks = sum(int(fields[index]) for index in (1, 2, 3, 6, 7, 8))  # All but idle and waiting.
    return ticks / TICK


class Watch:
    """Tells what the server used since this was made, and what others did: shares of a core."""

    def __init__(self, pids: list[int]) -> None:
        self.pids = pids
        self.start = self._now()

    def _now(self) -> tuple[float, float, float, float]:
        return time.monotonic(), machine_seconds(), cpu_seconds(self.pids), time.process_time()

    def shares(self) -> tuple[float, float]:
        """Return (server, others)."""
        spans = [now - then for now, then in zip(self._now(), self.start, strict=True)]
        elapsed, machine, server, own = spans
        return server / elapsed, (machine - server - own) / elapsed


def calm(
    measure: Callable[[], Result],
    others: Callable[[Result], float],
    meanwhile: Callable[[], None] = lambda: None,
) -> Result:
    """Measure until nothing disturbs it, at most a few times; return the calmest result.

    `meanwhile` is called every second of the time in between.
    """
    best = measure()
    for _ in range(ATTEMPTS - 1):
        if others(best) <= DISTURBED:
            break
        print(f"others took {others(best):.0%} of a core: once more", file=sys.stderr)
        wait_quiet(meanwhile)
        best = min(best, measure(), key=others)
    return best


def wait_quiet(meanwhile: Callable[[], None]) -> None:
    """Wait until a second goes by with little happening, or for some seconds at most."""
    until = time.monotonic() + QUIET_WAIT_SECONDS
    busy = 1.0
    while busy > DISTURBED and time.monotonic() < until:
        before = machine_seconds()
        time.sleep(1.0)
        busy = machine_seconds() - before
        meanwhile()


def describe() -> str:
    """Return the machine and the versions, as a line for the tables."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()} of {sys.base_prefix}, Node {node.stdout.strip()}"
    )
