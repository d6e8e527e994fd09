"""Readings as tables: the rows of each, first one with the columns' names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ...core.lists.paging import Page
from .cohorts import Retention
from .funnels import Funnel
from .latency import Latency
from .sessions import Session, Sessions
from .stats import Stats

Row = list[Any]

SESSION_COLUMNS = [one.name for one in fields(Session)]


def events(page: Page) -> Iterator[Row]:
    """Yield a page of events; data and metadata are JSON."""
    names = ("id", "timestamp", "received_at", "source_id", "type", "event_id", "user_id")
    yield [*names, "session_id", "late", "data", "metadata"]
    for one in page.items:
        values = [getattr(one, name) for name in names]
        yield [*values, one.session_id, one.late, one.data.text, one.metadata.text]


def stats(found: Stats) -> Iterator[Row]:
    """Yield buckets, with a column for each group."""
    yield ["time", "events", "late", *found.groups]
    for one in found.items:
        yield [one.time, one.events, one.late, *(one.by.get(name, 0) for name in found.groups)]


def sessions(found: Sessions) -> Iterator[Row]:
    """Yield the sessions that are shown."""
    yield SESSION_COLUMNS
    for one in found.items:
        yield [getattr(one, name) for name in SESSION_COLUMNS]


def funnel(found: Funnel) -> Iterator[Row]:
    """Yield the steps."""
    names = ("type", "users", "of_first", "of_previous", "median_seconds")
    yield ["step", *names]
    for number, one in enumerate(found.items, 1):
        yield [number, *(getattr(one, name) for name in names)]


def retention(found: Retention) -> Iterator[Row]:
    """Yield the cohorts; cells in the future are empty."""
    longest = max((len(one.returned) for one in found.items), default=0)
    yield ["time", "users", *(f"{found.unit}_{number}" for number in range(longest))]
    for one in found.items:
        yield [one.time, one.users, *one.returned, *[None] * (longest - len(one.returned))]


def latency(found: Latency) -> Iterator[Row]:
    """Yield the buckets."""
    yield ["time", "stored", "p50_ms", "p99_ms"]
    for one in found.items:
        yield [one.time, one.stored, one.p50_ms, one.p99_ms]
