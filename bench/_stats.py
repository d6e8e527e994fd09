"""Figures for the tables: percentiles, histograms of latencies, Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median

__all__ = ["Histogram", "markdown", "median", "percentile", "ratio"]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile; `share` is 0..1. NaN when empty."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


class Histogram:
    """Latencies in bins of 10 microseconds: millions of them without a sort."""

    BIN_SECONDS = 1e-5
    BINS = 500_000  # Five seconds; what is slower counts as five seconds.

    def __init__(self) -> None:
        self.bins = [0] * self.BINS
        self.total = 0

    def add(self, seconds: float) -> None:
        """Count one latency."""
        index = int(seconds / self.BIN_SECONDS)
        self.bins[min(index, self.BINS - 1)] += 1
        self.total += 1

    def percentile(self, share: float) -> float:
        """Return seconds, to the upper edge of the bin that holds the rank."""
        rank, seen = share * self.total, 0
        for index, count in enumerate(self.bins):
            seen += count
            if seen >= rank and seen:
                return (index + 1) * self.BIN_SECONDS
        return float("nan")


def ratio(value: float, base: float) -> float:
    """Return value / base, NaN instead of a division by zero."""
    return value / base if base else float("nan")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: the first column left, the others right."""
    rule = ["---", *("--:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
