"""A curve as SVG, with its numbers beside each point: for the README, without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH = 640
HEIGHT = 280
MARGIN = 56


def curve(title: str, points: Sequence[tuple[float, float]], unit: str) -> str:
    """Return a picture of values by a size, whose axis goes by powers of ten; from 0 upwards."""
    low, high = (math.log10(end) for end in (points[0][0], points[-1][0]))
    top = max(value for _, value in points) * 1.15
    places = [
        (
            MARGIN + (WIDTH - 2 * MARGIN) * (math.log10(size) - low) / ((high - low) or 1),
            HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / top,
        )
        for size, value in points
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{value:,.0f}</text>'
        f'<text x="{x:.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{size:,.0f}</text>'
        for (x, y), (size, value) in zip(places, points, strict=True)
    ]
    foot = HEIGHT - MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' font-family="sans-serif" font-size="12" fill="#555">',
            f"<title>{title}</title>",
            f'<text x="{MARGIN}" y="20" font-weight="bold">{title}</text>',
            f'<text x="{MARGIN}" y="38">{unit}</text>',
            f'<path d="M{MARGIN} {foot}H{WIDTH - MARGIN}" stroke="#999" fill="none"/>',
            f'<polyline points="{line}" fill="none" stroke="#0b6fb8" stroke-width="2"/>',
            *marks,
            "</svg>\n",
        ]
    )
