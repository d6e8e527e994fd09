"""What can be said about events before they are stored: the first stage, as the worker runs it."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import bindparam, select

from ...core.slots import Slot
from ...core.transactions.remembered import Remembered
from ...extensions import db
from ..models import REJECT, EventSchema, Source
from ..pipeline import stages
from ..pipeline.event import Rejected
from ..pipeline.event_schemas import Check, compile_kept
from .forms import Sent

#: Seconds for which a request's events are checked here; only the worker judges the rest.
PATIENCE_S = 0.2
#: Sources that are remembered at once.
MAX_KNOWN_SOURCES = 4096
#: Compiled schemas that are kept for when they are asked for again.
MAX_KNOWN_CHECKS = 500
#: The members that identify events, in each of the formats.
ID_MEMBERS = ("event_id", "id", "messageId")
#: Characters of a name that are shown.
MAX_TOLD_CHARACTERS = 200

POLICY_OF_SOURCE = select(Source.project_id, Source.name, Source.unknown_types).where(
    Source.id == bindparam("source")
)
SCHEMAS_OF_PROJECT = select(
    EventSchema.id, EventSchema.event_type, EventSchema.event_version, EventSchema.schema
).where(EventSchema.project_id == bindparam("project"))


@dataclass
class Verdict:
    """The reason why an event is not accepted."""

    index: int
    event_id: str | None
    reason: str
    verdict: str = "rejected"


class Sources:
    """Sources with their projects' schemas, as of the last change to anybody's rights.

    A change of a source or a schema counts as one (`events/catalogue/ingest.py`).
    """

    def __init__(self, app: Flask) -> None:
        self._remembered: Remembered[int, stages.KnownSource] = Remembered(app, MAX_KNOWN_SOURCES)
        #: By the ids of their schemas, which never change and are never reused.
        self._checks: OrderedDict[int, Check] = OrderedDict()

    def of(self, source_id: int) -> stages.KnownSource:
        """Return what the pipeline knows about a source."""
        return self._remembered.read(source_id, partial(self._read, source_id))

    def _read(self, source_id: int) -> stages.KnownSource:
        connection = db.session.connection()
        row = connection.execute(POLICY_OF_SOURCE, {"source": source_id}).one_or_none()
        if row is None:  # deleted a moment ago
            return stages.KnownSource(source_id, 0)
        schemas = connection.execute(SCHEMAS_OF_PROJECT, {"project": row.project_id})
        checks = {(one.event_type, one.event_version): self._check(one) for one in schemas}
        types = frozenset(kind for kind, _ in checks)
        strict = row.unknown_types == REJECT
        return stages.KnownSource(source_id, row.project_id, row.name, strict, (), checks, types)

    def _check(self, row: Any) -> Check:
        check = self._checks.get(row.id)
        if check is None:
            check = self._checks[row.id] = compile_kept(row.schema)
            while len(self._checks) > MAX_KNOWN_CHECKS:
                self._checks.popitem(last=False)
        return check


SOURCES: Slot[Sources] = Slot("sources of events", Sources)


def verdicts(sent: Sent, source_id: int, received: int) -> list[Verdict]:
    """Return which events will be dead letters, as far as each event alone shows that."""
    source = SOURCES.here().of(source_id)
    context = stages.Context(source, 0, received, suspect=sent.read.suspect)
    deadline = time.monotonic() + PATIENCE_S
    found = []
    for index, value in enumerate(sent.read.values):
        # The first one always: most requests have only that.
        if index and time.monotonic() > deadline:
            break
        try:
            stages.validate(value, sent.format, index, context)
        except Rejected as refusal:
            found.append(Verdict(index, _id_of(value), refusal.reason))
    return found


def _id_of(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    found = next((value[name] for name in ID_MEMBERS if value.get(name)), None)
    return _sayable(str(found)) if isinstance(found, str | int) else None


def _sayable(text: str) -> str:
    """Return a text as far as JSON can say it."""
    return text[:MAX_TOLD_CHARACTERS].encode(errors="replace").decode()
