"""Feeds: what happened in a project, by a person, and in all that concerns the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..core.caller import Caller
from ..core.lists.paging import Page, decode, encode
from ..core.lists.reading import take_from
from ..events import log
from ..events.models import EventRow
from ..extensions import db
from ..frozen import frozen
from ..projects import access
from ..projects.models import Project
from .filters import Wanted
from .index_scan import Sources, scan
from .sentences import DELETED_PERSON, SENTENCES, names_of, sentence
from .visibility import Sight, jobs_followed

#: What the cursor of every feed is made for.
FEED_ORDER = "-id"

ME = "me"


@frozen
class Actor:
    """Who did it."""

    id: int
    name: str


@frozen
class Item:
    """A row of the log, for people."""

    id: int
    type: str
    text: str
    actor: Actor | None
    topic: str
    project_id: int | None
    data: Mapping[str, Any]
    withheld: bool
    address: str | None
    time: datetime


def list_project_feed(caller: Caller, project_id: int, **query: Any) -> Page:
    """Return what happened in a project; raises NotFound."""
    access.load(Project, project_id, caller)
    return _feed(caller, {"project_id": [project_id]}, **query)


def list_own_feed(caller: Caller, **query: Any) -> Page:
    """Return what happened in the caller's projects, to them, and by them."""
    topics = [f"user:{caller.user_id}", *(f"job:{key}" for key in jobs_followed(caller))]
    projects = list(db.session.scalars(access.projects_of(caller)))
    sources: Sources = {"project_id": projects, "topic": topics, "actor": [caller.user_id]}
    return _feed(caller, sources, **query)


def list_user_feed(caller: Caller, user_id: int, **query: Any) -> Page:
    """Return what a person did, as far as the caller may know of it."""
    return _feed(caller, {"actor": [user_id]}, **query)


def _feed(
    caller: Caller,
    sources: Sources,
    *,
    limit: int,
    cursor: str | None,
    actor: str | None,
    **query: Any,
) -> Page:
    """Return a page of a feed.

    Rights are checked again after reading: those who have them then had them when the rows were
    written, and a person who was removed meanwhile gets nothing.
    """
    by = caller.user_id if actor == ME else int(actor) if actor else None
    # Without what only machines read: progress would push everything else off the page.
    wanted = Wanted(actor=by, noise=False, **query)
    sight = Sight(caller)
    page = read_page(
        sources, wanted, lambda row: sight.sees(row) and wanted.matches(row), limit, cursor
    )
    sight = Sight(caller)
    rows = [row for row in page.items if sight.sees(row)]
    return Page(shown(rows, lambda row: not sight.reads(row)), page.next_cursor)


def read_page(
    sources: Sources,
    wanted: Wanted,
    passes: Callable[[Any], bool],
    limit: int,
    cursor: str | None,
) -> Page:
    """Return a page of whole rows, newest first; raises Malformed for a foreign cursor.

    They are fewer than `limit` where they are large.
    """
    after, before = wanted.bounds()
    if cursor:
        start = decode(cursor, FEED_ORDER, EventRow.id)[0]
        before = start if before is None else min(start, before)
    found = scan(sources, wanted.columns(), passes, after=after, before=before, limit=limit)
    query = log.rows().where(EventRow.id.in_(found.ids)).order_by(EventRow.id.desc())
    rows, more = take_from(query, limit)
    following = rows[-1].id if more else found.next
    return Page(rows, None if following is None else encode(FEED_ORDER, following, following))


def shown(rows: Sequence[Any], withheld: Callable[[Any], bool]) -> list[Item]:
    """Return rows as they are shown; withheld ones with neither data nor title."""
    names = names_of(rows)
    return [_item(row, names, withheld(row)) for row in rows]


def _item(row: Any, names: dict[int, str], hidden: bool) -> Item:
    data = {} if hidden else row.data
    # An unknown type may be an open one: its data is what somebody has sent, not a sentence.
    text = sentence(row.type, row.actor, data if row.type in SENTENCES else {}, names)
    actor = None if row.actor is None else Actor(row.actor, names.get(row.actor, DELETED_PERSON))
    return Item(
        id=row.id,
        type=row.type,
        text=text,
        actor=actor,
        topic=row.topic,
        project_id=row.project_id,
        data=data,
        withheld=hidden,
        address=row.address,
        time=row.time,
    )
