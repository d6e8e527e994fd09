"""Charts as SVG text: pure functions of labels and whole numbers.

Colours and type come from the page's style, by class. Lengths are in pixels of the view box.
Every chart is an image with a title and a description (SVG 2 §5.7); the numbers themselves
belong in a table beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from itertools import count
from math import ceil

from ..core.text.patterns import later
from ..frozen import frozen

#: What XML 1.0 (§2.2) has no place for.
NOT_XML = later(lambda: re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"))
#: Width of a character, about: the style sets labels in 12 px.
CHARACTER_WIDTH_PX = 7.0
#: Parts of a scale, at most.
MAX_INTERVALS = 4
#: A unit, its letter, and how many of it make it worth using.
UNITS = ((10**12, "T", 1), (10**9, "B", 1), (10**6, "M", 1), (1000, "k", 10), (1, "", 0))

CHART_HEIGHT_PX = 220
TOP_MARGIN_PX = 14
BOTTOM_MARGIN_PX = 26
LABEL_SPACE = 76
BAR_SHARE = 0.76
MAX_BAR_WIDTH_PX = 44.0
ROW_HEIGHT_PX = 40
ROW_BAR_HEIGHT_PX = 8


@frozen
class Words:
    """What a chart is called: `key` is unique in its page."""

    key: str
    title: str
    description: str


@frozen
class Bar:
    """One number, 0 or more, and its name; `note` is shown when it is pointed at."""

    label: str
    value: int
    note: str = ""


def clean(text: str) -> str:
    """Replace what neither XML nor HTML allows, so that the rest can be read."""
    return NOT_XML.sub("\ufffd", text)


def _text(text: str) -> str:
    return escape(clean(text))


def shortened(text: str, room: float) -> str:
    """Cut a text to a width in pixels, with an ellipsis; wide letters (UAX 11) count twice."""
    widths = [_cells(letter) * CHARACTER_WIDTH_PX for letter in text]
    if sum(widths) <= room:
        return text
    kept, used = 0, CHARACTER_WIDTH_PX
    while kept < len(text) and used + widths[kept] <= room:
        used += widths[kept]
        kept += 1
    return text[:kept].rstrip() + "…"


def _cells(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def ticks(highest: int) -> list[int]:
    """Return round numbers from 0 up to one that is not below `highest`, at most five of them.

    Their distance is 1, 2 or 5 times a power of ten.
    """
    steps = (factor * 10**power for power in count() for factor in (1, 2, 5))
    step = next(one for one in steps if one * MAX_INTERVALS >= highest)
    return [step * number for number in range(-(-max(highest, 1) // step) + 1)]


def compact(value: int) -> str:
    """Write a tick in few characters: 950, 12k, 1.5M, 2B, 3T; less than a tenth is cut off."""
    unit, letter = next((one for one in UNITS if value >= one[0] * one[2]), UNITS[-1])[:2]
    whole, tenth = value // unit, value % unit * 10 // unit
    return f"{whole:,}{f'.{tenth}' if tenth else ''}{letter}"


def _number(length: float) -> str:
    return f"{length:.2f}".rstrip("0").rstrip(".")


def _svg(words: Words, width: int, height: int, parts: Iterator[str]) -> str:
    key = _text(words.key)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{key}-title" aria-describedby="{key}-desc">'
        f'<title id="{key}-title">{_text(words.title)}</title>'
        f'<desc id="{key}-desc">{_text(words.description)}</desc>'
    )
    return f"{head}{''.join(parts)}</svg>"


def _label(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    place = f'x="{_number(x)}" y="{_number(y)}"'
    return f'<text class="{kind}" {place} text-anchor="{anchor}">{_text(text)}</text>'


def _rect(x: float, y: float, width: float, height: float, note: str) -> str:
    size = f'width="{_number(width)}" height="{_number(height)}"'
    inside = f"<title>{_text(note)}</title>" if note else ""
    return f'<rect class="bar" x="{_number(x)}" y="{_number(y)}" {size}>{inside}</rect>'


def _line(kind: str, left: float, right: float, y: float) -> str:
    ends = f'x1="{_number(left)}" x2="{_number(right)}" y1="{_number(y)}" y2="{_number(y)}"'
    return f'<line class="{kind}" {ends}/>'


@frozen
class _Frame:
    """Where the columns of a chart stand."""

    width: int
    left: float
    slot: float
    top_value: int

    @property
    def base(self) -> float:
        return CHART_HEIGHT_PX - BOTTOM_MARGIN_PX

    def x(self, number: int) -> float:
        return self.left + self.slot * (number + 0.5)

    def y(self, value: int) -> float:
        return self.base - (self.base - TOP_MARGIN_PX) * value / self.top_value


def column_chart(words: Words, bars: Sequence[Bar], width: int) -> str:
    """Draw columns over time, the first on the left, with a scale and some of the labels."""
    scale = ticks(max((bar.value for bar in bars), default=0))
    left = max(len(compact(tick)) for tick in scale) * CHARACTER_WIDTH_PX + 8
    frame = _Frame(width, left, (width - left) / max(len(bars), 1), scale[-1])
    if not any(bar.value for bar in bars):
        return _svg(words, width, CHART_HEIGHT_PX, _nothing(frame, bars))
    return _svg(words, width, CHART_HEIGHT_PX, _columns(frame, bars, scale))


def _nothing(frame: _Frame, bars: Sequence[Bar]) -> Iterator[str]:
    middle = (frame.left + frame.width) / 2
    yield _line("axis", frame.left, frame.width, frame.base)
    yield _label("none", middle, frame.base / 2 + 4, "No events", "middle")
    yield from _dates(frame, bars)


def _columns(frame: _Frame, bars: Sequence[Bar], scale: list[int]) -> Iterator[str]:
    for tick in scale:
        kind, y = ("grid" if tick else "axis"), frame.y(tick)
        yield _line(kind, frame.left, frame.width, y)
        yield _label("tick", frame.left - 8, y + 4, compact(tick), "end")
    thick = min(frame.slot * BAR_SHARE, MAX_BAR_WIDTH_PX)
    for number, bar in enumerate(bars):
        if bar.value:
            y = frame.y(bar.value)
            yield _rect(frame.x(number) - thick / 2, y, thick, frame.base - y, bar.note)
    yield from _dates(frame, bars)


def _dates(frame: _Frame, bars: Sequence[Bar]) -> Iterator[str]:
    """Label columns at intervals, the last one always."""
    step = ceil(LABEL_SPACE / frame.slot)
    for number in range(len(bars) - 1, -1, -step):
        x, text = frame.x(number), bars[number].label
        half = len(text) * CHARACTER_WIDTH_PX / 2
        x = min(max(x, half), frame.width - half)
        yield _label("tick", x, CHART_HEIGHT_PX - 8, text, "middle")


def bar_chart(words: Words, bars: Sequence[Bar], width: int) -> str:
    """Draw horizontal bars, each with its name and its number above it."""
    highest = max((bar.value for bar in bars), default=0)
    parts = (part for number, bar in enumerate(bars) for part in _row(bar, number, width, highest))
    return _svg(words, width, max(len(bars), 1) * ROW_HEIGHT_PX, parts)


def _row(bar: Bar, number: int, width: int, highest: int) -> Iterator[str]:
    value, y = f"{bar.value:,}", number * ROW_HEIGHT_PX
    room = width - (len(value) + 2) * CHARACTER_WIDTH_PX
    yield _label("name", 0, y + 16, shortened(clean(bar.label), room))
    yield _label("value", width, y + 16, value, "end")
    if highest:
        yield _rect(0, y + 23, width * bar.value / highest, ROW_BAR_HEIGHT_PX, bar.note)
