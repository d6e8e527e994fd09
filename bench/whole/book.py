"""What a run has measured: samples by round, curves, and what went wrong; kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench._stats import median, percentile

#: Rounds from which on a spread is that of their middle half; below, it is that of all.
ROUNDS_FOR_QUARTILES = 4


@dataclass
class Sample:
    """A figure of one system doing one work, once for each round."""

    work: str
    system: str
    #: What was measured: `rate`, `p50`, `p99`, `cpu`, `memory` ...
    metric: str
    unit: str
    values: list[float] = field(default_factory=list)
    #: What others took of a core meanwhile.
    others: list[float] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is a sample of."""
        return self.work, self.system, self.metric


@dataclass
class Curve:
    """How something goes on as something grows: points of each series, in order."""

    title: str
    across: str
    unit: str
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


@dataclass
class Book:
    """All that one run, or one part of it, found."""

    head: dict[str, Any] = field(default_factory=dict)
    samples: dict[tuple[str, str, str], Sample] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    #: Part -> why it gave nothing, or not all.
    failures: dict[str, str] = field(default_factory=dict)

    def note(
        self, work: str, system: str, value: float, unit: str, metric: str = "rate", *,
        others: float = 0.0,
    ) -> None:  # fmt: skip
        """Add a round's figure."""
        sample = self.samples.setdefault((work, system, metric), Sample(work, system, metric, unit))
        sample.values.append(value)
        sample.others.append(others)

    def note_latencies(
        self, work: str, system: str, seconds: list[float], others: float = 0.0, *,
        of: str = "",
    ) -> None:  # fmt: skip
        """Add the p50 and p99 of a round's latencies, in milliseconds; `of` says what is late."""
        for metric, share in (("p50", 0.5), ("p99", 0.99)):
            value = percentile(seconds, share) * 1e3
            self.note(work, system, value, "ms", f"{of} {metric}".strip(), others=others)

    def point(self, name: str, kind: tuple[str, str, str], series: str, x: float, y: float) -> None:
        """Add a point to a curve; `kind` is its title, what it goes across, and its unit."""
        curve = self.curves.setdefault(name, Curve(*kind))
        curve.series.setdefault(series, []).append((x, y))

    def take(self, other: Book) -> None:
        """Take in what a part has found."""
        self.samples |= other.samples
        self.curves |= other.curves
        self.failures |= other.failures

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        kept = {
            "head": self.head,
            "samples": [asdict(one) for one in self.samples.values()],
            "curves": {name: asdict(one) for name, one in self.curves.items()},
            "failures": self.failures,
        }
        path.write_text(json.dumps(kept, indent=1) + "\n")


def load(path: Path) -> Book:
    """Read what `save` wrote."""
    kept = json.loads(path.read_text())
    samples = [Sample(**one) for one in kept["samples"]]
    curves = {name: Curve(**one) for name, one in kept["curves"].items()}
    return Book(kept["head"], {one.key: one for one in samples}, curves, kept["failures"])


@dataclass(frozen=True)
class Spread:
    """A median, and between what the middle half of the rounds lies (few rounds: all of them)."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        """Show it with as many digits as it is worth."""
        if self.low == self.high:
            return shown(self.middle)
        return f"{shown(self.middle)} ({shown(self.low)}–{shown(self.high)})"  # noqa: RUF001


def spread(values: list[float]) -> Spread:
    """Return the spread of some rounds."""
    few = len(values) < ROUNDS_FOR_QUARTILES
    low, high = (0.0, 1.0) if few else (0.25, 0.75)
    return Spread(median(values), percentile(values, low), percentile(values, high))


def ratios(values: list[float], bases: list[float]) -> list[float]:
    """Return a ratio for each round that both have: the machine's moods meet both sides of it."""
    return [value / base for value, base in _pairs(values, bases) if base]


def _pairs(values: list[float], bases: list[float]) -> Iterator[tuple[float, float]]:
    return zip(values, bases, strict=False)


def shown(value: float) -> str:
    """Write a figure with three digits or so."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
