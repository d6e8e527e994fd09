"""Numbers of several processes, which count in a folder that they share, if there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

#: The library reads it when it is first imported; `share` has it read again.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

#: For these, all processes share one value or the greatest counts; the others are added up.
OLDEST_METRIC = "process_start_time_seconds"
GREATEST_METRIC = "process_max_fds"


#: What the names of such folders begin with; the process id follows.
FOLDER_PREFIX = "collab-numbers-"
#: A folder that was made for the processes of this one, and is deleted at its end.
_made: tuple[int, Path] | None = None


def share(where: Path) -> None:
    """Have the metrics that are made from here on in a folder, unless one is named already."""
    global _made
    # Those who run several servers have named one for all of them.
    if os.environ.get(FOLDER_VARIABLE):
        return
    for old in where.glob(f"{FOLDER_PREFIX}*"):
        # Left behind by a process that was killed: nobody else deletes it.
        if not _lives(old.name.removeprefix(FOLDER_PREFIX)):
            shutil.rmtree(old, ignore_errors=True)
    folder = where / f"{FOLDER_PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o700)
    _made = os.getpid(), folder
    os.environ[FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def _lives(number: str) -> bool:
    """Return whether a folder's process is alive; this one has just begun, and has none yet."""
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return int(number) != os.getpid()


def forget() -> None:
    """Delete the folder that this process made, if it did."""
    if _made is not None and _made[0] == os.getpid():
        shutil.rmtree(_made[1], ignore_errors=True)


def begin(registry: CollectorRegistry) -> CollectorRegistry | None:
    """Export what is counted; returns where to register metrics, None with a shared folder."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        ProcessCollector(registry=registry)
        return registry
    registry.register(_Shared(Path(folder)))
    return None


class _Shared:
    """What all processes of a folder have counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def collect(self) -> Iterator[Metric]:
        """Yield their metrics added up, and what the system knows of those alive."""
        alive = self._living()
        shared: Any = MultiProcessCollector
        yield from shared(CollectorRegistry(), str(self._folder)).collect()
        yield from _processes(alive)

    def _living(self) -> list[int]:
        """Return the processes that are alive; the gauges of others are forgotten."""
        written = {int(one.stem.rpartition("_")[2]) for one in self._folder.glob("*_*.db")}
        alive = [pid for pid in written if Path(f"/proc/{pid}").exists()]
        for pid in written.difference(alive):
            mark_process_dead(pid, str(self._folder))  # type: ignore[no-untyped-call]
        return sorted(alive)


def _processes(alive: list[int]) -> Iterator[Metric]:
    """Yield the metrics of processes, as ProcessCollector has those of one."""
    found: dict[str, tuple[Metric, list[float]]] = {}
    for pid in alive:
        one = ProcessCollector(pid=lambda pid=pid: pid, registry=CollectorRegistry())  # type: ignore[misc]
        for metric in one.collect():
            values = found.setdefault(metric.name, (metric, []))[1]
            values.extend(sample.value for sample in metric.samples)
    for name, (metric, values) in found.items():
        value = {OLDEST_METRIC: min, GREATEST_METRIC: max}.get(name, sum)(values)
        made = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
        yield made(name, metric.documentation, value=value)
