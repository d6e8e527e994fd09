"""Events written into the log with times of their own, reports made of them, and read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from flask import Flask
from sqlalchemy import delete, insert

from collab.events.models import EventRow
from collab.extensions import db
from collab.jobs.context import JobContext
from collab.reports.job_types import gather
from collab.reports.render import Report

#: When the reports of these tests are made: a Friday, in the middle of the day.
NOW = datetime(2026, 11, 20, 13, 29, tzinfo=UTC)

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Told:
    """An event to write; `topic` is the project's if it is not given."""

    time: datetime
    type: str = "activity"
    actor: int | None = None
    topic: str | None = None
    #: Where it happens, if not in the project that the others happen in.
    project: int | None = None


def write(app: Flask, project: int, events: Iterable[Told]) -> None:
    """Append events to the log."""
    rows = [
        {
            "topic": one.topic or f"project:{one.project or project}",
            "type": one.type,
            "actor": one.actor,
            "project_id": one.project or project,
            "data": {},
            "time": one.time,
        }
        for one in events
    ]
    with app.app_context():
        db.session.execute(insert(EventRow), rows)
        db.session.commit()


def forget(app: Flask) -> None:
    """Empty the log."""
    with app.app_context():
        db.session.execute(delete(EventRow))
        db.session.commit()


def context(owner: int, project: int | None, timeout_s: float = 60) -> JobContext:
    """Return a run of a report."""
    return JobContext(job_id=1, attempt=1, owner_id=owner, project_id=project, timeout_s=timeout_s)


def made(app: Flask, owner: int, project: int, days: int = 30, now: datetime = NOW) -> Report:
    """Gather a report's facts."""
    with app.app_context():
        return gather(context(owner, project), days, now)


@dataclass
class Page(HTMLParser):
    """A page taken apart by a parser: its elements, in order, and the text outside of tags."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def named(self, *names: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element with one of these names."""
        return [attributes for tag, attributes in self.tags if tag in names]


def drawn(svg: str) -> ElementTree.Element:
    """Parse a chart as XML, which fails if it is not well formed."""
    return ElementTree.fromstring(svg)


def shapes(chart: ElementTree.Element, name: str, kind: str) -> list[dict[str, Any]]:
    """Return the lengths of each shape of a kind."""
    return [
        {key: float(value) for key, value in one.items() if key not in ("class", "text-anchor")}
        for one in chart.iter(SVG + name)
        if one.get("class") == kind
    ]
