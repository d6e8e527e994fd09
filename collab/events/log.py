"""Writing the log in the transaction of a change, and reading it by id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, bindparam, delete, func, insert, or_, select

from ..core import client_address, tracing
from ..core.compiled import Compiled
from ..core.database import harden, take_write_lock
from ..core.lists.reading import as_text, take_from, take_values
from ..core.models import utcnow
from ..core.slots import Slot
from ..core.transactions.after_commit import after_commit
from ..core.transactions.rights_epoch import RIGHTS_EPOCH
from ..core.usage import quota
from ..extensions import db
from ..frozen import frozen
from .bell.lines import LINE
from .bell.waking import Bell
from .message import Message
from .models import EventRow, LogState
from .types import Event

BELL: Slot[Bell] = Slot("bell", lambda app: Bell(RIGHTS_EPOCH.of(app), LINE.of(app).ring))

#: Marks a commit that took rights away.
RIGHTS = "rights"

#: Rows that pruning deletes in one commit, so that writers need not wait long.
PRUNED_AT_ONCE = 2000

#: Bytes of rows that are read at once to be sent, or one row, which may have 256 KiB: what a reader
#: who catches up has not taken yet stays in memory.
READ_BYTES = 128 * 1024

#: The hot statements bypass the ORM and are built once: rows are read by the thousand, and no
#: object is ever changed. An event's data is passed on as the text that is stored.
EVENT_COLUMNS = EventRow.__table__.c
COLUMNS_WRITTEN = [one.name for one in EVENT_COLUMNS if one.name not in ("id", "trace")]
SHOWN_COLUMNS = tuple(
    as_text(one) if one.name == "data" else one for one in EVENT_COLUMNS if one.name != "trace"
)
INSERT_EVENT = Compiled(
    insert(EventRow.__table__).returning(EVENT_COLUMNS.id),  # type: ignore[arg-type]
    columns=COLUMNS_WRITTEN,
)
INSERT_MANY = Compiled(insert(EventRow.__table__), columns=COLUMNS_WRITTEN)  # type: ignore[arg-type]
#: The same where traces are exported; nobody else pays for the column.
COLUMNS_TRACED = [*COLUMNS_WRITTEN, "trace"]
INSERT_TRACED = Compiled(insert(EventRow.__table__), columns=COLUMNS_TRACED)  # type: ignore[arg-type]
INSERT_TRACED_EVENT = Compiled(
    insert(EventRow.__table__).returning(EVENT_COLUMNS.id),  # type: ignore[arg-type]
    columns=COLUMNS_TRACED,
)
READ_AFTER = Compiled(
    select(*SHOWN_COLUMNS)
    .where(EVENT_COLUMNS.id > bindparam("after"))
    .order_by(EVENT_COLUMNS.id)
    .limit(bindparam("limit"))
)
NEWEST_ID = Compiled(select(func.max(EVENT_COLUMNS.id).label("id")))
PRUNED_THROUGH = Compiled(select(LogState.pruned_through))


@frozen(kw_only=True)
class Published(Event):
    """What a member published, under one of the members' own types."""

    kind: str
    where: str
    project_id: int | None
    payload: dict[str, Any]

    @property
    def topic(self) -> str:
        """Return the topic that the member named."""
        return self.where

    def data(self) -> dict[str, Any]:
        """Return the payload as sent."""
        return self.payload


def record(what: Event, actor: int | None) -> Message:
    """Write an event into the open transaction and return it; nothing leaves before commit.

    The writer's lock is held from here to the commit, so ids grow in the order of commits.
    """
    values = _values(what, actor)
    row = values | {"address": client_address.address()}
    insertion = INSERT_EVENT
    if (trace := tracing.carrier()) is not None:
        insertion, row = INSERT_TRACED_EVENT, row | {"trace": trace}
    (found,) = insertion.run(db.session.connection(), row)
    _recorded(takes_rights=what.corrects is not None)
    return Message(id=found.id, **values)


def record_all(events: Sequence[Event], actor: int | None) -> None:
    """Write many events into the open transaction at once."""
    address = client_address.address()
    record_each([(what, actor, address) for what in events])


def record_each(events: Sequence[tuple[Event, int | None, str | None]]) -> None:
    """Write many events as `record_all` does, each with who did it and from which address."""
    if events:
        rows = [_values(what, actor) | {"address": address} for what, actor, address in events]
        # Without RETURNING: nobody needs these ids, and the driver can then take all rows at once.
        insertion = INSERT_MANY
        if (trace := tracing.carrier()) is not None:
            insertion, rows = INSERT_TRACED, [row | {"trace": trace} for row in rows]
        insertion.run_many(db.session.connection(), rows)
        _recorded(takes_rights=any(what.corrects is not None for what, _, _ in events))


def _values(what: Event, actor: int | None) -> dict[str, Any]:
    return {
        "topic": what.topic,
        "type": what.kind if isinstance(what, Published) else what.type,
        "actor": actor,
        "project_id": what.scope,
        "data": what.data(),
        "time": utcnow(),
    }


def bell() -> Bell:
    """Return this application's bell."""
    return BELL.here()


def _recorded(*, takes_rights: bool) -> None:
    if takes_rights:
        after_commit(_ring, RIGHTS)
        # A right that is taken away must go, however full the quotas are.
        quota.let_pass(db.session())
    else:
        after_commit(_ring)


def outdate_callers() -> None:
    """Make everything remembered about people stale once the open transaction is committed.

    Events that take something away do this themselves.
    """
    after_commit(_ring, RIGHTS)


def _ring(details: Set[str]) -> None:
    bell().ring(rights_changed=RIGHTS in details)


@frozen
class LogPage:
    """Rows that were read at once: fewer than requested if they are large."""

    rows: Sequence[Any]
    #: Whether there are more after them.
    more: bool


def read_after(after: int, limit: int = 500) -> LogPage:
    """Return the next rows after an id, over all topics, oldest first."""
    values = {"after": after, "limit": limit + 1}
    return _hardened(
        LogPage(*READ_AFTER.read(values, lambda found: take_values(found, limit, READ_BYTES)))
    )


def read_topics(
    topics: Iterable[str], after: int, through: int | None = None, limit: int = 500
) -> LogPage:
    """Return the next rows of some topics after an id, up to another one, oldest first."""
    query = rows().where(EventRow.topic.in_(tuple(topics)), EventRow.id > after)
    if through is not None:
        query = query.where(EventRow.id <= through)
    query = query.order_by(EventRow.id).limit(limit + 1)
    return _hardened(LogPage(*take_from(query, limit, READ_BYTES)))


def _hardened(batch: LogPage) -> LogPage:
    """Return rows once they are on disk: an id that was announced is never given to another row."""
    if batch.rows:
        harden()
    return batch


def rows() -> Select[Any]:
    """Return the query for all rows, for readers that filter and page."""
    return select(*SHOWN_COLUMNS)


def trace_of(event_id: int | None) -> str | None:
    """Return the `traceparent` that an event was recorded under, if traces are exported."""
    if event_id is None or not tracing.is_on():
        return None
    return db.session.scalar(select(EventRow.trace).where(EventRow.id == event_id))


def last_id() -> int:
    """Return the newest id that was ever assigned (0: none), including pruned ones."""
    newest = NEWEST_ID.one({}).id
    # Rows kept for the audit may be older than pruned ones.
    return max(newest or 0, pruned_through())


def pruned_through() -> int:
    """Return the newest id that is gone; a reader after it has a gap."""
    row = PRUNED_THROUGH.one({})
    return row.pruned_through if row else 0


def recoverable(after: int) -> bool:
    """Return whether everything after an id is still there, and the id is from this log."""
    return pruned_through() <= after <= last_id()


#: Types that only the audit needs, which may be kept longer: refusals, accounts and sessions.
AUDITED_PREFIXES = ("audit.", "access.", "login.", "account.", "session.")


def _audited() -> Any:
    kinds = [EventRow.type.startswith(kind, autoescape=True) for kind in AUDITED_PREFIXES]
    return or_(EventRow.topic == "audit", *kinds)


def prune(older_than: timedelta, now: datetime | None = None) -> int:
    """Delete the old end of the log, all of it, and return how many rows that were."""
    border = (now or utcnow()) - older_than
    gone = 0
    while (count := _prune_some(border, everything=True)) is not None:
        gone += count
    return gone


def prune_some(border: datetime) -> bool:
    """Delete some of what is older than a time, except for what only the audit needs; commits.

    Returns whether there is more.
    """
    return _prune_some(border, everything=False) is not None


def prune_audit(border: datetime) -> bool:
    """Delete some old rows that only the audit keeps, from the part of the log already pruned."""
    old = select(EventRow.id).where(EventRow.time < border, EventRow.id <= pruned_through())
    keys = db.session.scalars(old.order_by(EventRow.time).limit(PRUNED_AT_ONCE)).all()
    if keys:
        db.session.execute(delete(EventRow).where(EventRow.id.in_(keys)))
        db.session.commit()
    return len(keys) == PRUNED_AT_ONCE


def _prune_some(border: datetime, *, everything: bool) -> int | None:
    """Delete the oldest rows from before a time, note up to which id, and commit.

    Returns how many were deleted; None if nothing was left to look at.
    """
    take_write_lock()
    newest = select(EventRow.id).where(EventRow.time < border).order_by(EventRow.time.desc())
    through, after = db.session.scalar(newest.limit(1)) or 0, 0 if everything else pruned_through()
    part = select(EventRow.id).where(EventRow.id > after, EventRow.id <= through)
    # By id up to the newest old one: times may go back with the clock, ids never do.
    keys = db.session.scalars(part.order_by(EventRow.id).limit(PRUNED_AT_ONCE)).all()
    if not keys:
        db.session.rollback()
        return None
    gone = delete(EventRow).where(EventRow.id >= keys[0], EventRow.id <= keys[-1])
    result = db.session.execute(gone if everything else gone.where(~_audited()))
    state = db.session.get(LogState, 1) or LogState(id=1, pruned_through=0)
    # In the commit that deletes: a reader either finds the rows or learns of the gap.
    state.pruned_through = max(keys[-1], state.pruned_through)
    db.session.add(state)
    db.session.commit()
    return result.rowcount if isinstance(result, CursorResult) else 0
