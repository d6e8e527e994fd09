"""Looking at dead letters, and dealing with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...core.caller import Caller
from ...core.errors import Conflict, NotFound, TooManyRequests
from ...core.json import dumps
from ...core.lists import cursors
from ...core.lists.paging import Page
from ...core.models import utcnow
from ...core.slots import application, setting
from ...frozen import frozen
from ...projects import access
from ...projects.access import Right
from ...projects.models import Project
from ..pipeline.engines.face import Store
from ..pipeline.sources import SourceReader
from ..pipeline.store import DISCARDED, OPEN
from ..reading.periods import milliseconds
from ..store import MIB, ProjectFull, reader, writer
from ..worker.supervisor import WORKER, options_of
from . import acts, changing, finding, rehearsing
from .changing import QUEUED, Outcome
from .finding import Wanted
from .letter import Letter

#: Letters that one request replays or discards; for more, ask again.
MAX_AT_ONCE = 1000
RETRY_S = 2


@frozen
class Done:
    """What happened to letters, or would happen to them."""

    dry_run: bool
    counts: dict[str, int]
    items: list[Outcome]
    #: Whether more letters match: ask again.
    more: bool


def load(key: int, caller: Caller, *, can: Right = Right.READ) -> Letter:
    """Return a letter of a project that the caller may read or change.

    Raises NotFound and Forbidden.
    """
    access.load(Project, _load(key).project_id, caller, can=can)
    # For a change it is read again: the holder of the writer's lock is the only one to change it.
    return _load(key)


def _load(key: int) -> Letter:
    with reader() as connection:
        letter = finding.load(connection, key)
    if letter is None:
        raise NotFound()
    return letter


def list_letters(project: int, *, limit: int, cursor: str | None, **filters: Any) -> Page:
    """Return a page of letters, newest first; raises Malformed."""
    after = read_cursor(cursor)
    with reader() as connection:
        found = finding.find(connection, _wanted(project, filters), limit, after)
        items = finding.listed(connection, found.ids)
    return Page(items, None if found.next is None else written_cursor(found.next))


def correct(letter: Letter, payload: dict[str, Any] | None, actor: Caller) -> Letter:
    """Note what to send in a letter's place, or withdraw that.

    Raises Conflict, and ProjectFull if the project's events take all the room that they may.
    """
    correction = None if payload is None else dumps(payload)
    with writer() as connection:
        _require_quota(connection, letter.project_id, len(correction or b""))
        if not changing.correct(connection, letter.id, correction, milliseconds(utcnow())):
            raise Conflict("The letter is no longer open.")
        changed = finding.load(connection, letter.id)
        act = acts.note(connection, letter.project_id, actor.user_id, "corrected", letter.id)
    acts.tell(act)
    return changed or letter


def discard(project: int, ids: list[int] | None, wanted: dict[str, Any], actor: Caller) -> Done:
    """Discard letters, by their ids or all that match, up to `MAX_AT_ONCE`."""
    chosen, more = _choose(project, ids, wanted)
    with writer() as connection:
        outcomes = changing.discard(connection, chosen, milliseconds(utcnow()))
        done = _done(outcomes, more)
        count = done.counts.get(DISCARDED, 0)
        act = acts.note(connection, project, actor.user_id, "discarded", count) if count else None
    if act:
        acts.tell(act)
    return done


def replay(project: int, ids: list[int] | None, wanted: dict[str, Any], actor: Caller) -> Done:
    """Send letters again, by their ids or all that match; raises TooManyRequests.

    Each is sent once, however often it is requested: letters that are not open stay as they are.
    """
    chosen, more = _choose(project, ids, wanted)
    with writer() as connection:
        room = min(_room(connection), changing.MAX_REPLAY_BYTES)
        outcomes = changing.replay(connection, chosen, milliseconds(utcnow()), room)
        done = _done(outcomes, more or len(outcomes) < len(chosen))
        count = done.counts.get(QUEUED, 0)
        act = acts.note(connection, project, actor.user_id, "replayed", count) if count else None
    # After the commit, or the worker would look and find nothing.
    WORKER.here().knock()
    if act:
        acts.tell(act)
    return done


def rehearse(project: int, ids: list[int] | None, wanted: dict[str, Any]) -> Done:
    """Return what a replay would do to each letter; nothing changes."""
    chosen, more = _choose(project, ids, wanted)
    options = options_of(application())
    sources = SourceReader(options.database)
    try:
        with reader() as connection:
            rehearsal = rehearsing.Rehearsal(
                connection, sources, bytes.fromhex(options.hash_key), milliseconds(utcnow())
            )
            return _done(rehearsal.of(chosen), more, dry_run=True)
    finally:
        sources.close()


def _choose(project: int, ids: list[int] | None, filters: dict[str, Any]) -> tuple[list[int], bool]:
    """Return the requested letters of a project, the oldest first, and whether there are more.

    Raises NotFound, which points at ids that are not of a letter of the project.
    """
    with reader() as connection:
        if ids is None:
            wanted = _wanted(project, filters | {"state": OPEN})
            found = finding.find(connection, wanted, MAX_AT_ONCE, oldest_first=True)
            return found.ids, found.next is not None
        strangers = finding.strangers(connection, project, ids)
    if strangers:
        raise NotFound(
            errors=[
                {"detail": "There is no such letter here.", "pointer": f"#/ids/{place}"}
                for place in strangers
            ]
        )
    # The oldest first, so that events come in again in the order in which they were sent.
    return sorted(set(ids)), False


def _wanted(project: int, filters: dict[str, Any]) -> Wanted:
    for name in ("since", "until"):
        if (at := filters.get(name)) is not None:
            filters = filters | {name: milliseconds(at)}
    return Wanted(project=project, **filters)


def _done(outcomes: Sequence[Outcome], more: bool, *, dry_run: bool = False) -> Done:
    counts = Counter(one.outcome for one in outcomes)
    return Done(dry_run, dict(counts), list(outcomes), more)


def _room(connection: Store) -> int:
    """Return how many more bytes the inbox takes; raises TooManyRequests."""
    (waiting,) = connection.execute("SELECT sum(length(body)) FROM inbox").fetchone()
    room: int = setting("INGEST_QUEUE_MB") * MIB - (waiting or 0)
    if room <= 0:
        raise TooManyRequests("Too many events are waiting: replay later.", retry_after=RETRY_S)
    return room


def _require_quota(connection: Store, project: int, size: int) -> None:
    query = "SELECT coalesce(sum(bytes), 0) FROM totals WHERE project = ?"
    (used,) = connection.execute(query, (project,)).fetchone()
    limit = setting("INGEST_QUOTA_MB") * MIB
    # Removing a correction is always possible, however full the project is.
    if size and used + size > limit:
        raise ProjectFull(used, limit)


def written_cursor(key: int) -> str:
    """Write where a page ends."""
    return cursors.write(["letter", key])


def read_cursor(cursor: str | None) -> int | None:
    """Read where the page before ended; raises Malformed."""
    return cursors.read(cursor, _key) if cursor else None


def _key(parts: list[Any]) -> int:
    kind, key = parts
    if kind != "letter":
        raise ValueError
    cursors.require_numbers(key)
    return int(key)
