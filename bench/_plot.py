"""Curves as SVG, with their numbers beside each point: for the README, without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 640
HEIGHT = 280
MARGIN = 56
COLOURS = ("#0b6fb8", "#b8560b", "#3f8f3f", "#8f3f8f")
LEGEND_ROW = 14
#: Values that are shown whole; below, with some digits after the point.
WHOLE_FROM = 100

Points = Sequence[tuple[float, float]]


def curve(title: str, points: Points, unit: str) -> str:
    """Return a picture of values by a size, whose axis goes by powers of ten; from 0 upwards."""
    return curves(title, {"": points}, unit)


def curves(title: str, series: Mapping[str, Points], unit: str) -> str:
    """Return a picture of several on the same axes, each with its name."""
    every = [point for points in series.values() for point in points]
    sizes = [size for size, _ in every]
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    top = max(value for _, value in every) * 1.15 or 1.0

    def place(size: float, value: float) -> tuple[float, float]:
        across = (math.log10(size) - low) / ((high - low) or 1)
        return (
            MARGIN + (WIDTH - 2 * MARGIN) * across,
            HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / top,
        )

    lines = [
        line
        for number, (name, points) in enumerate(series.items())
        for line in _drawn(name, number, [(*place(*one), one[1]) for one in points])
    ]
    foot = HEIGHT - MARGIN
    ticks = [
        f'<text x="{place(size, 0)[0]:.1f}" y="{foot + 18}" text-anchor="middle">{size:,.0f}</text>'
        for size in sorted(set(sizes))
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' font-family="sans-serif" font-size="12" fill="#555">',
            f"<title>{escape(title)}</title>",
            f'<text x="{MARGIN}" y="20" font-weight="bold">{escape(title)}</text>',
            f'<text x="{MARGIN}" y="38">{escape(unit)}</text>',
            f'<path d="M{MARGIN} {foot}H{WIDTH - MARGIN}" stroke="#999" fill="none"/>',
            *ticks,
            *lines,
            "</svg>\n",
        ]
    )


def _drawn(name: str, number: int, places: Sequence[tuple[float, float, float]]) -> list[str]:
    """Return one line with its points, and its name at the right."""
    colour = COLOURS[number % len(COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    y = 20 + LEGEND_ROW * number
    legend = f'<text x="{WIDTH - MARGIN}" y="{y}" text-anchor="end" fill="{colour}">'
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
            f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{_label(value)}</text>'
            for x, y, value in places
        ),
        *([f"{legend}{escape(name)}</text>"] if name else []),
    ]


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= WHOLE_FROM else f"{value:.3g}"
