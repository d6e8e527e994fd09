"""What a text was, who changed it, and undoing changes.

Everything is read from the database in the caller's own thread. Changes are handed to the writer as
changes to the version that was read, so that they are merged with what happens meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, case, cast, func, null, select

from ...auth.models import User
from ...core.caller import Caller
from ...core.errors import Conflict, NotFound, invalid
from ...core.json import loads, written
from ...core.lists.paging import Page, paginate
from ...core.models import entity_tag
from ...extensions import db
from ...frozen import frozen
from ...projects import access
from ...projects.access import Right
from ..editing import store
from ..editing.batch import UndoneMeanwhile
from ..editing.changes import Change
from ..editing.thinning import EXACT_CHANGES
from ..editing.writer import writer
from ..models import TEXT, File, FileChange, text_etag
from ..text.delta import Delta
from ..text.difference import difference
from ..text.encoding import MAX_SENT_UNITS, edits_of, loaded
from ..text.inverse import undo
from ..text.units import from_units

ME = "me"
#: The newest changes of a text, which are never joined: an undo reaches this far back.
MAX_UNDO_CHANGES = EXACT_CHANGES
#: Bytes of stored changes in one page: sent as edits they take some five times as many.
MAX_LIST_BYTES = 256 * 1024
#: Bytes that the changes after the first one to be undone may take together.
MAX_UNDO_BYTES = 8 * 2**20
#: Steps that the changes after the first one to be undone may have together.
MAX_UNDO_STEPS = 20_000
#: How often an undo is tried again when another one overtakes it.
UNDO_ATTEMPTS = 3

BY_VERSION = {"version": FileChange.version}


class TooFarBack(Conflict):
    """An undo reaches at most 1,000 small changes back: restore a version instead."""


@frozen
class Author:
    """Who made a change."""

    id: int
    name: str


@frozen
class Entry:
    """A change of a text, as it is shown."""

    version: int
    base: int
    author: Author | None
    door: str
    at: datetime
    inserted: int
    deleted: int
    undoes: list[int] | None
    #: As they are sent, or as JSON of that.
    edits: Any

    @property
    def etag(self) -> str:
        """The tag of a change, which stays the same until it is joined with others."""
        return entity_tag("Entry", self)


@frozen
class TextOutcome:
    """What became of a text after an undo or a restoration."""

    file_id: int
    version: int
    changed: bool
    edits: list[dict[str, Any]]

    @property
    def etag(self) -> str:
        """The tag of the content."""
        return text_etag(self.file_id, self.version)


def load_text(file_id: int, caller: Caller, *, can: Right = Right.READ) -> File:
    """Return a text that the caller may read or write; raises NotFound, Forbidden.

    It takes no lock: a change is checked again where it is carried out.
    """
    file = access.load(File, file_id, caller)
    access.check(access.role_to(file, caller), can)
    if file.kind != TEXT:
        raise NotFound("This file is not a text file, so it has no history.")
    return file


# -- reading --------------------------------------------------------------------------------------


def list_changes(
    file: File,
    caller: Caller,
    *,
    author: str | None,
    since: datetime | None,
    until: datetime | None,
    edits: bool,
    **page: Any,
) -> Page:
    """Return a page of a text's changes, newest first."""
    query = _query(file.id, edits)
    if author is not None:
        by = caller.user_id if author == ME else int(author)
        query = query.where(FileChange.author_id == by)
    if since is not None:
        query = query.where(FileChange.at >= since)
    if until is not None:
        query = query.where(FileChange.at < until)
    page |= {"columns": BY_VERSION, "sort": "-version", "key": FileChange.version}
    return paginate(query, item=_entry, most_bytes=MAX_LIST_BYTES, **page)


def _query(file_id: int, edits: bool) -> Select[Any]:
    """Return the query for changes; those whose edits are too long for a list come without."""
    shown = [getattr(FileChange, name) for name in ENTRY_COLUMNS]
    delta: Any = cast(FileChange.delta, Text)  # JSON has no length on some databases
    delta = case((func.length(delta) <= MAX_SENT_UNITS, delta), else_=null()) if edits else null()
    query = select(*shown, User.name, delta.label("delta"))
    query = query.outerjoin(User, User.id == FileChange.author_id)
    return query.where(FileChange.file_id == file_id)


ENTRY_COLUMNS = ("version", "base", "author_id", "door", "at", "inserted", "deleted", "undoes")


def _entry(row: Any) -> Entry:
    return Entry(
        version=row.version,
        base=row.base,
        author=None if row.name is None else Author(row.author_id, row.name),
        door=row.door,
        at=row.at,
        inserted=row.inserted,
        deleted=row.deleted,
        undoes=row.undoes,
        edits=None if row.delta is None else _written(row.delta),
    )


def _written(delta: str) -> Any:
    """Return a stored delta as the JSON that its readers get.

    As objects the edits of a page would take a hundred times as much memory, so those of one change
    are written before the next one's are read.
    """
    return written(edits_of(loaded(loads(delta))))


def load_change(file: File, version: int) -> Entry:
    """Return the change that made a version; raises NotFound, JoinedVersion."""
    query = _query(file.id, edits=False).add_columns(FileChange.delta.label("whole"))
    row = db.session.execute(query.where(FileChange.version == version)).one_or_none()
    if row is None:
        if 0 < version < store.current_version(file.id):
            raise store.joined(file.id, version)
        raise NotFound(f"There is no version {version}.")
    values = vars(_entry(row)) | {"edits": edits_of(loaded(row.whole))}
    return Entry(**values)


def text_at(file_id: int, version: int) -> str:
    """Return a text as it was at a version; raises NotFound, JoinedVersion."""
    return from_units(store.units_at(file_id, version))


# -- taking back ----------------------------------------------------------------------------------


def restore(file: File, version: int, caller: Caller) -> TextOutcome:
    """Restore a text to a version; raises NotFound, JoinedVersion, Forbidden."""
    base = store.current_version(file.id)
    # As a change to the newest version, not as a new text: what others type meanwhile is kept.
    wanted, present = store.units_at(file.id, version), store.units_at(file.id, base)
    return _submit(Change(file.id, caller, "restore", difference(present, wanted), base))


def undo_of(
    file: File, author_id: int | None, from_version: int, to_version: int | None, caller: Caller
) -> TextOutcome:
    """Undo one person's changes in a span of versions; raises TooFarBack, Forbidden."""
    person = caller.user_id if author_id is None else author_id
    # Two simultaneous undos would undo each other: the one that was overtaken looks again.
    for _ in range(UNDO_ATTEMPTS):
        change = _undoing(file, person, from_version, to_version, caller)
        if change is None:
            return TextOutcome(file.id, store.current_version(file.id), changed=False, edits=[])
        try:
            return _submit(change)
        except UndoneMeanwhile as error:
            last = error
    raise last


def _undoing(file: File, person: int, start: int, end: int | None, caller: Caller) -> Change | None:
    """Return the change that undoes changes, or None if it changes nothing."""
    base = store.current_version(file.id)
    end = base if end is None else end
    if not start <= end <= base:
        raise invalid("to_version", f"Must be neither below `from` nor above the newest, {base}.")
    rows = _changes_after(file.id, start - 1, base)
    chosen = chosen_of(rows, person, end)
    if not any(chosen):
        return None
    before = store.units_at(file.id, start - 1)
    delta = undo(before, [loaded(row.delta) for row in rows], chosen)
    if not delta:
        return None
    undoes = [row.version for row, taken in zip(rows, chosen, strict=True) if taken]
    return Change(file.id, caller, "undo", delta, base, undoes=undoes)


def _changes_after(file_id: int, after: int, base: int) -> Sequence[Any]:
    """Return all changes after a version; raises TooFarBack, JoinedVersion."""
    size = func.sum(FileChange.weight)
    query = select(func.count(), size).where(FileChange.file_id == file_id)
    steps = 0
    count, weight = db.session.execute(query.where(FileChange.version > after)).one()
    if count > MAX_UNDO_CHANGES or (weight or 0) > MAX_UNDO_BYTES:
        raise TooFarBack()
    rows: list[Any] = []
    for row in store.each_change(file_id, after, base):
        rows.append(row)
        steps += len(row.delta)
        if steps > MAX_UNDO_STEPS:
            raise TooFarBack()
    if rows and rows[0].base != after:
        raise store.joined(file_id, after)
    return rows


def chosen_of(rows: Sequence[Any], person: int, end: int) -> list[bool]:
    """Choose the changes to undo: a person's, except those that are already undone.

    What an undo has undone stays undone, unless that undo is chosen or undone itself.
    """
    undone: set[int] = set()
    chosen = []
    for row in reversed(rows):
        stands = row.version not in undone
        chosen.append(stands and row.author_id == person and row.version <= end)
        if stands and not chosen[-1]:
            undone.update(row.undoes or ())
    return chosen[::-1]


def _submit(change: Change) -> TextOutcome:
    applied = writer().submit(change)
    delta: Delta = applied.delta
    return TextOutcome(change.file_id, applied.version, bool(applied.update), edits_of(delta))
