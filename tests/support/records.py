"""What a change wrote to the event log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask

from collab.events import log


@dataclass(frozen=True)
class Record:
    """A row of the log, without what differs from run to run."""

    type: str
    topic: str
    actor: int | None
    data: dict[str, Any]


@contextmanager
def recording(app: Flask) -> Iterator[list[Record]]:
    """Fill the list, at the end of the block, with what was recorded within it.

    Refusals are left out: they change nothing but the audit.
    """
    with app.app_context():
        before = log.last_id()
    told: list[Record] = []
    yield told
    with app.app_context():
        rows = log.read_after(before).rows
    kept = [row for row in rows if row.topic != "audit"]
    told += [Record(row.type, row.topic, row.actor, row.data) for row in kept]
