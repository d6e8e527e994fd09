"""Texts in the database: what a document is loaded from, and what it was at a version."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select

from ...core.compiled import Compiled
from ...core.database.functions import insert_new
from ...core.errors import Conflict, NotFound, Unavailable
from ...extensions import db
from ...frozen import frozen
from ..models import Checkpoint, File, FileChange, FileClient
from ..text import delta as deltas
from ..text.delta import Delta
from ..text.encoding import loaded
from ..text.units import to_units

CHANGE_COLUMNS = FileChange.__table__.c
# The CRDT's bytes are as long as the change itself, and no history needs them.
WITHOUT_UPDATE = [column for column in CHANGE_COLUMNS if column.name != "update"]
#: The statements that each edit runs.
INSERT_CHANGES = Compiled(insert(FileChange.__table__))  # type: ignore[arg-type]
INSERT_CLIENTS = Compiled(insert_new(FileClient.__table__))  # type: ignore[arg-type]
NEWEST_VERSION = Compiled(select(File.content_version).where(File.id == bindparam("key")))
CARRIED_OUT = Compiled(
    select(CHANGE_COLUMNS.base, CHANGE_COLUMNS.version, CHANGE_COLUMNS.delta).where(
        CHANGE_COLUMNS.file_id == bindparam("key"),
        CHANGE_COLUMNS.author_id == bindparam("who"),
        CHANGE_COLUMNS.edit_id == bindparam("edit"),
    )
)


#: Bytes of changes that an edit of an old version may be rebased over, all in memory.
MAX_BETWEEN_BYTES = 8 * 2**20
#: How often a read starts over because the history was compacted during it.
READING_ATTEMPTS = 3


class JoinedVersion(Conflict):
    """That version was joined with others when the history was compacted: open the text again."""


@frozen
class Stored:
    """What a document is loaded from."""

    version: int
    #: The CRDT at the newest checkpoint, and the updates since.
    state: bytes | None
    updates: list[bytes]

    @property
    def all(self) -> list[bytes]:
        """All that makes the document."""
        return [self.state, *self.updates] if self.state else self.updates


def load(file_id: int) -> Stored:
    """Return a text's state and all updates since; raises NotFound, Unavailable."""
    for _ in range(READING_ATTEMPTS):
        query = select(Checkpoint.version, Checkpoint.state).where(Checkpoint.file_id == file_id)
        newest = db.session.execute(
            query.where(Checkpoint.state.is_not(None)).order_by(Checkpoint.version.desc()).limit(1)
        ).one_or_none()
        start, state = newest or (0, None)
        version = current_version(file_id)
        rows = updates_since(file_id, start, version)
        # None: a checkpoint has absorbed updates between the two queries, so both run again.
        if rows is not None:
            return Stored(version, state, [row.update for row in rows])
    raise Unavailable("The text is being compacted.")


def stored_bytes(file_id: int) -> int:
    """Return how many bytes of the CRDT are stored for a text."""
    state = select(func.max(func.length(Checkpoint.state))).where(Checkpoint.file_id == file_id)
    since = select(func.sum(func.length(FileChange.update))).where(
        FileChange.file_id == file_id,
        FileChange.version
        > func.coalesce(
            select(func.max(Checkpoint.version))
            .where(Checkpoint.file_id == file_id)
            .scalar_subquery(),
            0,
        ),
    )
    return (db.session.scalar(state) or 0) + (db.session.scalar(since) or 0)


def owners(file_id: int) -> dict[int, int]:
    """Return the owners of a text's client ids."""
    query = select(FileClient.client, FileClient.user_id)
    rows = db.session.execute(query.where(FileClient.file_id == bindparam("key")), {"key": file_id})
    return {row.client: row.user_id for row in rows}


def updates_since(file_id: int, after: int, through: int) -> Sequence[Any] | None:
    """Return the updates after one version up to another; None if a checkpoint has some."""
    columns = (
        CHANGE_COLUMNS.version,
        CHANGE_COLUMNS.base,
        CHANGE_COLUMNS.delta,
        CHANGE_COLUMNS.update,
    )
    rows = _changes(columns, file_id, after, through)
    whole = len(rows) == through - after and all(row.update for row in rows)
    return rows if whole else None


def current_version(file_id: int) -> int:
    """Return the newest version of a content; raises NotFound."""
    row = NEWEST_VERSION.one({"key": file_id})
    if row is None:
        raise NotFound()
    return int(row.content_version)


def changes(file_id: int, after: int, through: int) -> Sequence[Any]:
    """Return the rows of the changes after one version up to another."""
    return _changes(WITHOUT_UPDATE, file_id, after, through)


def each_change(file_id: int, after: int, through: int) -> Iterator[Any]:
    """Yield the same rows one by one, for readers that may stop early."""
    yield from db.session.connection().execute(_between(WITHOUT_UPDATE, file_id, after, through))


def _changes(columns: Any, file_id: int, after: int, through: int) -> Sequence[Any]:
    return db.session.execute(_between(columns, file_id, after, through)).all()


def _between(columns: Any, file_id: int, after: int, through: int) -> Select[Any]:
    query = select(*columns).where(FileChange.file_id == file_id)
    query = query.where(FileChange.version > after, FileChange.version <= through)
    return query.order_by(FileChange.version)


def deltas_between(file_id: int, after: int, through: int) -> list[Delta]:
    """Return what changed between two versions; raises JoinedVersion, also for too much."""
    if _weight_between(file_id, after, through) > MAX_BETWEEN_BYTES:
        raise JoinedVersion(f"Too much has changed since version {after}: open the text again.")
    rows = changes(file_id, after, through)
    if not _joins_up(rows, after, through):
        raise joined(file_id, after)
    return [loaded(row.delta) for row in rows]


def _weight_between(file_id: int, after: int, through: int) -> int:
    query = select(func.sum(FileChange.weight)).where(FileChange.file_id == file_id)
    query = query.where(FileChange.version > after, FileChange.version <= through)
    return db.session.scalar(query) or 0


def _joins_up(rows: Sequence[Any], after: int, through: int) -> bool:
    """Return whether changes lead from one version to another without a gap."""
    if not rows:
        return after == through
    return bool(rows[0].base == after and rows[-1].version == through)


def joined(file_id: int, version: int) -> JoinedVersion:
    """Return the refusal of a version that was compacted, naming the nearest ones."""
    first = oldest_version(file_id)
    if version < first:
        return JoinedVersion(f"The history of this text begins at version {first} now.")
    query = select(FileChange.base, FileChange.version).where(FileChange.file_id == file_id)
    around = query.where(FileChange.version >= version).order_by(FileChange.version).limit(1)
    row = db.session.execute(around).one_or_none()
    if row is None:
        return JoinedVersion()
    return JoinedVersion(
        f"Version {version} was joined with others when the history was compacted: "
        f"the nearest are {row.base} and {row.version}."
    )


def oldest_version(file_id: int) -> int:
    """Return the version at which a text's history begins: 0, unless its old end was dropped."""
    query = select(FileChange.base).where(FileChange.file_id == file_id)
    found = db.session.scalar(query.order_by(FileChange.version).limit(1))
    if found is None:  # all of it was dropped
        only = select(func.min(Checkpoint.version)).where(Checkpoint.file_id == file_id)
        found = db.session.scalar(only)
    return found or 0


def carried_out(connection: Connection, file_id: int, author_id: int, edit_id: str) -> Any:
    """Return the row of the change with an author's `edit_id`, or None."""
    # Each edit runs this under the writer's lock, on the connection that has it.
    values = {"key": file_id, "who": author_id, "edit": edit_id}
    return next(iter(CARRIED_OUT.run(connection, values)), None)


def units_at(file_id: int, version: int) -> str:
    """Return a text, as code units, as it was at a version; raises NotFound, JoinedVersion."""
    for _ in range(READING_ATTEMPTS):
        units = _units_at(file_id, version)
        if units is not None:
            return units
    if current_version(file_id) < version:
        raise NotFound(f"There is no version {version} yet.")
    raise joined(file_id, version)


def _units_at(file_id: int, version: int) -> str | None:
    query = select(Checkpoint.version, Checkpoint.text).where(Checkpoint.file_id == file_id)
    query = query.where(Checkpoint.version <= version).order_by(Checkpoint.version.desc()).limit(1)
    start, text = db.session.execute(query).one_or_none() or (0, None)
    units = to_units(zlib.decompress(text).decode()) if text else ""
    at = start
    # One by one: together they may take many times as much memory as the text.
    for row in each_change(file_id, start, version):
        if at == start and row.base != start:
            return None
        units, at = deltas.apply(units, loaded(row.delta)), row.version
    return units if at == version else None
