"""Joining and dropping old changes of a text, in steps of bounded work.

Everything happens in the open transaction, under the writer's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, func, select, update

from ...extensions import db
from ..models import Checkpoint, FileChange
from ..text import delta as deltas
from ..text.delta import NO_CHANGE, Delta, compose
from ..text.encoding import loaded, stored
from . import store

#: The newest changes, which stay as they are; an undo reaches equally far back.
EXACT_CHANGES = 1000
#: Changes made within the same period of this many seconds are joined.
JOINED_WITHIN_S = 600
#: Characters of JSON that are joined into one entry.
MAX_JOINED_CHARACTERS = 8 * 1024
#: Entries of a history, past which the oldest are dropped.
MAX_HISTORY_ENTRIES = 10_000
#: About how many bytes a history takes, past which the oldest entries are dropped.
MAX_HISTORY_BYTES = 64 * 2**20
#: Entries between two checkpoints that are both kept.
CHECKPOINT_DISTANCE_ENTRIES = 500
#: Bytes of changes between two checkpoints that are both kept.
CHECKPOINT_DISTANCE_BYTES = 2 * 2**20
#: Entries that one step looks at.
ENTRIES_PER_STEP = 500

#: Changes that are never joined, since people look for them.
#: They are doors (`FileChange.door`), as `rest` and `yjs` are.
NEVER_JOINED = ("undo", "restore")

TOTAL_WEIGHT = func.coalesce(func.sum(FileChange.weight), 0)


def join(file_id: int, after: int) -> tuple[int, bool]:
    """Join old changes after a version; returns how far it got, and whether that is all."""
    border = _border(file_id)
    if border is None:
        return after, True
    rows = _looked_at(file_id, after, border)
    groups = _groups(rows, set(_checkpoints(file_id)))
    for group in groups:
        if len(group) > 1:
            _make_one(file_id, group)
    done = groups[-1][0].base if groups else after
    return done, len(rows) < ENTRIES_PER_STEP


def _border(file_id: int) -> int | None:
    """Return the version of the newest change that is old, if there is any."""
    query = select(FileChange.version).where(FileChange.file_id == file_id)
    return db.session.scalar(
        query.order_by(FileChange.version.desc()).offset(EXACT_CHANGES).limit(1)
    )


def _looked_at(file_id: int, after: int, through: int) -> Sequence[Any]:
    length = func.length(cast(FileChange.delta, String)).label("length")
    names = ("version", "base", "author_id", "door", "at")
    query = select(*(getattr(FileChange, name) for name in names), length)
    query = query.where(FileChange.file_id == file_id)
    query = query.where(FileChange.version > after, FileChange.version <= through)
    return db.session.execute(query.order_by(FileChange.version).limit(ENTRIES_PER_STEP)).all()


def _checkpoints(file_id: int) -> list[int]:
    query = select(Checkpoint.version).where(Checkpoint.file_id == file_id)
    return list(db.session.scalars(query.order_by(Checkpoint.version)))


def _groups(rows: Iterable[Any], fences: set[int]) -> list[list[Any]]:
    """Group changes into entries, never across a checkpoint, whose version must stay."""
    groups: list[list[Any]] = []
    length = 0
    for row in rows:
        length += row.length
        group = groups[-1] if groups else None
        if (
            group
            and length <= MAX_JOINED_CHARACTERS
            and _alike(group[0], row)
            # A checkpoint's version must stay reachable: old versions are put together from it.
            and row.base not in fences
        ):
            group.append(row)
        else:
            groups.append([row])
            length = row.length
    return groups


def _alike(first: Any, row: Any) -> bool:
    """Return whether two changes have the same author, door and period."""
    same = (first.author_id, first.door) == (row.author_id, row.door)
    return same and _window(first.at) == _window(row.at) and row.door not in NEVER_JOINED


def _window(moment: datetime) -> int:
    return int(moment.timestamp() // JOINED_WITHIN_S)


def _make_one(file_id: int, group: list[Any]) -> None:
    first, last = group[0], group[-1]
    mine = (FileChange.file_id == file_id, FileChange.version > first.base)
    inside = (*mine, FileChange.version <= last.version)
    found = db.session.scalars(select(FileChange.delta).where(*inside).order_by(FileChange.version))
    whole = _composed([loaded(delta) for delta in found])
    # The last row becomes the entry: its version is the base of later changes.
    db.session.execute(delete(FileChange).where(*mine, FileChange.version < last.version))
    one = update(FileChange).where(
        FileChange.file_id == file_id, FileChange.version == last.version
    )
    values = {
        "base": first.base,
        "delta": stored(whole),
        "inserted": deltas.inserted(whole),
        "deleted": deltas.deleted(whole),
        "weight": deltas.weight(whole),
    }
    db.session.execute(one.values(values))


def _composed(changes: list[Delta]) -> Delta:
    """Join many changes into one, by halves: the work grows little faster than their number."""
    if len(changes) < 2:
        return changes[0] if changes else NO_CHANGE
    half = len(changes) // 2
    return compose(_composed(changes[:half]), _composed(changes[half:]))


def thin(file_id: int) -> None:
    """Drop checkpoints that are too near to the one before them.

    The newest stays, and so does the one from which the oldest change starts.
    """
    before = store.oldest_version(file_id)
    for version in _checkpoints(file_id)[:-1]:
        if version == before:
            continue
        if _near(file_id, before, version):
            _drop_checkpoints(file_id, Checkpoint.version == version)
        else:
            before = version


def _near(file_id: int, before: int, version: int) -> bool:
    """Tell whether few entries are between two versions; no more are looked at than are few."""
    between = select(FileChange.weight).where(FileChange.file_id == file_id)
    between = between.where(FileChange.version > before, FileChange.version <= version)
    some = between.limit(CHECKPOINT_DISTANCE_ENTRIES).subquery()
    total = select(func.count(), func.coalesce(func.sum(some.c.weight), 0)).select_from(some)
    count, weight = db.session.execute(total).one()
    return bool(count < CHECKPOINT_DISTANCE_ENTRIES and weight < CHECKPOINT_DISTANCE_BYTES)


def drop(file_id: int) -> bool:
    """Drop the oldest entries up to a checkpoint, if there are too many; returns whether it did."""
    query = select(func.count(), TOTAL_WEIGHT, func.min(FileChange.version))
    count, weight, oldest = db.session.execute(query.where(FileChange.file_id == file_id)).one()
    if count <= MAX_HISTORY_ENTRIES and weight <= MAX_HISTORY_BYTES:
        return False
    # Only up to a checkpoint: what is older than the first change is put together from one.
    border = next((one for one in _checkpoints(file_id) if one >= oldest), None)
    if border is None or (weight <= MAX_HISTORY_BYTES and border > (_border(file_id) or 0)):
        return False
    mine = FileChange.file_id == file_id
    db.session.execute(delete(FileChange).where(mine, FileChange.version <= border))
    _drop_checkpoints(file_id, Checkpoint.version < border)
    return True


def _drop_checkpoints(file_id: int, which: Any) -> None:
    db.session.execute(delete(Checkpoint).where(Checkpoint.file_id == file_id, which))
