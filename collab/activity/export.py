"""The audit as a file: streamed in pieces, as CSV (RFC 4180) or a line of JSON for each event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Flask
from sqlalchemy import Select, bindparam

from ..auth.guard import recheck
from ..core.caller import Caller
from ..core.errors import Forbidden
from ..core.json import dumps
from ..core.lists.reading import take_from
from ..core.lists.tables import csv_lines
from ..core.models import Id
from ..events import log
from ..events.catalogue.system import AuditExported
from ..events.models import EventRow
from ..extensions import db
from ..frozen import frozen
from .audit import for_admins, sources
from .filters import Wanted
from .service import Item

#: Rows that are read at once, if they are small.
ROWS_PER_READ = 500

COLUMNS = (
    "id",
    "time",
    "type",
    "text",
    "actor_id",
    "actor_name",
    "address",
    "topic",
    "project_id",
    "withheld",
    "data",
)


def _cells(item: Item) -> list[Any]:
    actor = item.actor
    return [
        item.id,
        item.time,
        item.type,
        item.text,
        actor.id if actor else None,
        actor.name if actor else None,
        item.address,
        item.topic,
        item.project_id,
        item.withheld,
        dumps(item.data).decode(),
    ]


@frozen
class Style:
    """How an export is written."""

    content_type: str
    head: bytes
    write: Callable[[Sequence[Item]], bytes]


STYLES = {
    "csv": Style(
        "text/csv; charset=utf-8",
        csv_lines([COLUMNS]),
        lambda items: csv_lines([_cells(item) for item in items]),
    ),
    "jsonl": Style(
        "application/jsonl", b"", lambda items: b"".join(dumps(item) + b"\n" for item in items)
    ),
}


def export(app: Flask, caller: Caller, name: str, **query: Any) -> Iterator[bytes]:
    """Record an export, and return it piece by piece: the log up to the export itself."""
    wanted = Wanted(**query)
    after, before = wanted.bounds()
    # Before the first byte: an export that breaks off counts, too.
    exported = log.record(AuditExported(format=name), actor=caller.user_id)
    db.session.commit()
    # Up to its own event: a busy log would never end.
    end = exported.id if before is None else min(before, exported.id)
    return _pieces(app, caller, wanted, STYLES[name], after, end)


def _pieces(
    app: Flask, caller: Caller, wanted: Wanted, style: Style, after: int, end: int
) -> Iterator[bytes]:
    """Yield the export; while its reader is slow, no connection and nothing else is held.

    The caller's right is checked again after each read. If it is gone, the answer breaks off in the
    middle, so that nobody takes it for complete.
    """
    # The head first, so that a download begins at once, however long the first rows take.
    yield style.head
    query, values = _next_rows(wanted)
    more = True
    while more:
        with app.app_context():
            place = values | {"after": after, "before": end}
            rows, more = take_from(query, ROWS_PER_READ, log.READ_BYTES, place)
            # After reading and before sending: a demoted admin gets no more than this.
            if not recheck(caller, db.session.connection()).is_admin:
                raise Forbidden("Only an admin may do this.")
            piece = style.write(for_admins([row for row in rows if wanted.matches(row)]))
        yield piece
        after = rows[-1].id if rows else after


def _next_rows(wanted: Wanted) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query for the next rows of the narrowest index, oldest first, and its value."""
    between = (
        EventRow.id > bindparam("after", type_=Id),
        EventRow.id < bindparam("before", type_=Id),
    )
    query: Select[Any] = log.rows().where(*between)
    values: dict[str, Any] = {}
    for name, (value,) in sources(wanted).items():
        query, values = query.where(getattr(EventRow, name) == bindparam("key")), {"key": value}
    return query.order_by(EventRow.id).limit(ROWS_PER_READ + 1), values
