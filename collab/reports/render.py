"""A report's facts as one HTML file that needs nothing else: no script, no font, no address."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..frozen import frozen
from . import charts
from .facts import Activity, People, ProjectFacts, Types
from .scope import Period
from .sections import SECTIONS

TEMPLATES_FOLDER = Path(__file__).parent / "templates"
#: Width of a chart as wide as the page's column.
WIDE_CHART_PX = 720
#: Width of one on a phone, or in half a column.
NARROW_CHART_PX = 340


@frozen
class Report:
    """What a page shows; `found` has each section's facts under its name."""

    project: ProjectFacts
    period: Period
    found: dict[str, Any]
    made_at: datetime

    @property
    def title(self) -> str:
        """Return the page's title."""
        return f"Report on {self.project.name}"


def render(report: Report) -> str:
    """Return the page."""
    template = _environment().get_template("page.html")
    return template.render(report=report, found=report.found, sections=SECTIONS)


@cache
def style_source() -> str:
    """Return what lets a page with a policy show a report's style: its hash (CSP 3 §2.3.1)."""
    style = _environment().from_string('\n{% include "style.css" %}\n').render()
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: charts.clean(value) if type(value) is str else value,
    )
    made.filters |= {"day": day, "short_day": short_day, "moment": moment}
    made.filters |= {"number": number, "average": average, "share": share}
    made.globals |= {
        "days_charts": days_charts,
        "types_chart": types_chart,
        "people_chart": people_chart,
    }
    return made


def day(value: date) -> str:
    """Write a day in full."""
    return f"{value.day} {value:%B} {value.year}"


def short_day(value: date) -> str:
    """Write a day for a table."""
    return f"{value.day} {value:%b} {value.year}"


def moment(value: datetime) -> str:
    """Write a time to the minute; it is in UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def number(value: int) -> str:
    """Write a number with its thousands separated."""
    return f"{value:,}"


def average(value: float) -> str:
    """Write a mean, with a decimal where it says something."""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def share(part: int, whole: int) -> str:
    """Write a share of a whole in percent."""
    return f"{100 * part / whole:.1f} %" if whole else "0.0 %"


def days_charts(facts: Activity) -> Markup:
    """Draw the days twice, for wide and for narrow screens; the style shows one of them."""
    first, last = facts.days[0][0], facts.days[-1][0]
    told = f"Events on each day from {day(first)} to {day(last)}, {facts.total:,} in all."
    bars = [
        charts.Bar(f"{one.day} {one:%b}", count, f"{day(one)}: {_events(count)}")
        for one, count in facts.days
    ]
    drawn = (
        f'<div class="{kind}">{_days_chart(kind, told, bars, width)}</div>'
        for kind, width in (("on-wide", WIDE_CHART_PX), ("on-narrow", NARROW_CHART_PX))
    )
    return Markup("".join(drawn))  # noqa: S704 - charts escapes what it is given


def _days_chart(kind: str, told: str, bars: list[charts.Bar], width: int) -> str:
    words = charts.Words(f"days-{kind}", "Events by day", told)
    return charts.column_chart(words, bars, width)


def types_chart(facts: Types) -> Markup:
    """Draw the types."""
    return _bar_chart("types", "Events by type", facts.shown)


def people_chart(facts: People) -> Markup:
    """Draw the people."""
    counts = [(one.label, one.events) for one in facts.shown]
    return _bar_chart("people", "Most active people", counts)


def _bar_chart(key: str, title: str, counts: list[tuple[str, int]]) -> Markup:
    bars = [
        charts.Bar(label, count, f"{isolated(label)}: {_events(count)}") for label, count in counts
    ]
    words = charts.Words(key, title, f"{len(bars)} bars. The first is {bars[0].note}.")
    drawn = charts.bar_chart(words, bars, NARROW_CHART_PX)
    return Markup(drawn)  # noqa: S704 - charts escapes what it is given


def isolated(text: str) -> str:
    """Keep a text's direction to itself, where there are no elements to do it (UAX 9)."""
    return f"\u2068{text}\u2069"


def _events(count: int) -> str:
    return f"{count:,} event" if count == 1 else f"{count:,} events"
