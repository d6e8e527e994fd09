"""How many answers a second servers give, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench import _server
from bench._httpload import HttpLoad
from bench._machine import Watch, cpu_seconds
from bench._stats import markdown, median, percentile, ratio

WARM_SECONDS = 0.5


@dataclass(frozen=True)
class Figure:
    """One measurement: answers a second, latencies in milliseconds, others' share of a core.

    `cpu` is the processor time of the server for an answer, in microseconds: it says more than the
    rate where the machine is shared.
    """

    rate: float
    p50: float
    p99: float
    others: float
    cpu: float = 0.0


def measure(server: _server.Server, load: HttpLoad, seconds: float) -> Figure:
    """Warm up and measure; the load is closed afterwards."""
    load.saturate(WARM_SECONDS)
    pids = server.pids()
    watch, before = Watch(pids), cpu_seconds(pids)
    result = load.saturate(seconds)
    _, others = watch.shares()
    cpu = (cpu_seconds(pids) - before) / len(result.latencies) * 1e6
    load.close()
    p50, p99 = (percentile(result.latencies, share) * 1e3 for share in (0.5, 0.99))
    return Figure(result.rate, p50, p99, others, cpu)


def table(rounds: Sequence[Mapping[str, Figure]], names: Iterable[str], base: str) -> str:
    """Return the medians over all rounds; the ratio is the median of each round's ratio."""
    head = ("server", "requests/s", f"ratio to {base}", "p50 ms", "p99 ms", "others, most")
    return markdown(head, (_row(name, rounds, base) for name in names))


def _row(name: str, rounds: Sequence[Mapping[str, Figure]], base: str) -> list[str]:
    figures = [found[name] for found in rounds]
    faster = median(ratio(found[name].rate, found[base].rate) for found in rounds)
    return [
        name,
        f"{median(figure.rate for figure in figures):,.0f}",
        f"{faster:.2f}",
        f"{median(figure.p50 for figure in figures):.2f}",
        f"{median(figure.p99 for figure in figures):.2f}",
        f"{max(figure.others for figure in figures):.0%}",
    ]
