"""Reading notifications: only those about what their reader may still see."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, select

from ..auth.blocks import blocked
from ..auth.models import User
from ..core.caller import Caller
from ..core.errors import NotFound
from ..core.lists.paging import Page, paginate
from ..core.models import Id, entity_tag
from ..events.concerns import FAMILIES, Family
from ..extensions import db
from ..frozen import frozen
from ..projects.models import Member
from .models import KINDS, NOTIFICATION_SORTS, Notification, NotificationPreferences
from .rules import family_of

#: The families of events that an application has.
Families = tuple[Family, ...]
#: Statements that are kept, one for each set of filters.
MAX_STATEMENTS = 64


def visible() -> ColumnElement[bool]:
    """Return the condition that a notification's reader may still see what it is about.

    Deleting the subject has deleted it; a project that they have left, or a post that is a draft
    again, hides it. So does blocking the person who did it.
    """
    return _visible(families())


def _visible(families: Families) -> ColumnElement[bool]:
    to, project = Notification.user_id, Notification.project_id
    # Checked when it is read, not when it is written: rights may have been lost since.
    member = exists().where(Member.project_id == project, Member.user_id == to)
    belongs = or_(project.is_(None), member.correlate(Notification))
    unwanted = blocked(to, Notification.actor).correlate(Notification)
    seen = belongs & ~unwanted
    for family in families:
        key = getattr(Notification, f"{family.subject}_id")
        if (hidden := family.hides(key, to)) is not None:
            seen &= or_(key.is_(None), ~hidden)
    return seen


@frozen
class Shown:
    """A notification as its reader sees it."""

    id: int
    kind: str
    text: str
    actor: dict[str, Any] | None
    subject: str
    project_id: int | None
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Shown:
        """Make it from a row of a list."""
        family = family_of(row._mapping)
        return cls(
            id=row.id,
            kind=row.kind,
            text=family.sentences[row.kind](row),
            actor=None if row.actor is None else {"id": row.actor, "name": row.actor_name},
            subject=f"{family.subject}:{row._mapping[f'{family.subject}_id']}",
            project_id=row.project_id,
            data=row.data,
            created_at=row.created_at,
            read_at=row.read_at,
        )

    @property
    def read(self) -> bool:
        """Return whether its reader has read it."""
        return self.read_at is not None

    @property
    def etag(self) -> str:
        """Return its tag, with others' names in it: they are in the text, and may change."""
        return entity_tag("Notification", self)


def families() -> Families:
    """Return the families of events that this application has."""
    return tuple(FAMILIES.here().values())


@lru_cache(maxsize=MAX_STATEMENTS)
def _listed(families: Families, unread: bool | None, of_a_kind: bool) -> Select[Any]:
    """Build, once for each set of filters, the query of what a list shows."""
    # Several families may be about one kind of thing.
    shown = {family.subject: family for family in families}.values()
    named = (family.shown.label(f"{family.subject}_{family.shown.key}") for family in shown)
    query = select(*Notification.__table__.c, User.name.label("actor_name"), *named)
    query = query.select_from(Notification).outerjoin(User, User.id == Notification.actor)
    for family in shown:
        model = family.shown.class_
        query = query.outerjoin(model, model.id == getattr(Notification, f"{family.subject}_id"))
    mine = Notification.user_id == bindparam("person", type_=Id)
    query = query.where(mine, _visible(families))
    if unread is not None:
        read_at = Notification.read_at
        query = query.where(read_at.is_(None) if unread else read_at.is_not(None))
    if of_a_kind:
        query = query.where(Notification.kind == bindparam("kind"))
    return query


def list_notifications(
    caller: Caller, *, unread: bool | None, kind: str | None, sort: str, **page: Any
) -> Page:
    """Return a page of the caller's notifications."""
    return paginate(
        _listed(families(), unread, kind is not None),
        columns=NOTIFICATION_SORTS,
        sort=sort,
        key=Notification.id,
        item=Shown.of,
        values={"person": caller.user_id} | ({"kind": kind} if kind else {}),
        **page,
    )


def load(key: int, caller: Caller) -> Shown:
    """Return one of the caller's notifications; raises NotFound."""
    query = _listed(families(), None, False).where(Notification.id == key)
    row = db.session.execute(query, {"person": caller.user_id}).one_or_none()
    if row is None:
        raise NotFound()
    return Shown.of(row)


@frozen
class Unread:
    """How many notifications somebody has not read."""

    unread: int
    by_kind: dict[str, int]

    @property
    def etag(self) -> str:
        """Return its tag, which is the counts."""
        return entity_tag("Unread", self)


def unread(caller: Caller) -> Unread:
    """Count what the caller has not read."""
    query = select(Notification.kind, func.count()).where(_unread_of([caller.user_id]), visible())
    found = dict(db.session.execute(query.group_by(Notification.kind)).all())
    return Unread(sum(found.values()), {kind: found.get(kind, 0) for kind in KINDS})


def unread_by_person(people: Collection[int]) -> dict[int, int]:
    """Count what each of some people has not read."""
    person = Notification.user_id
    query = select(person, func.count()).where(_unread_of(people), visible()).group_by(person)
    return dict(db.session.execute(query).all())


def _unread_of(people: Collection[int]) -> ColumnElement[bool]:
    return Notification.user_id.in_(people) & Notification.read_at.is_(None)


class Preferences(dict[str, bool]):
    """Which kinds somebody wants."""

    @property
    def etag(self) -> str:
        """Return its tag: a digit for each kind."""
        return entity_tag("Preferences", dict(self))


def preferences(caller: Caller) -> Preferences:
    """Return which kinds the caller wants."""
    found = db.session.get(NotificationPreferences, caller.user_id, populate_existing=True)
    muted = found.muted if found else ()
    return Preferences({kind: kind not in muted for kind in KINDS})
