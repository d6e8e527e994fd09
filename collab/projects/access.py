"""Roles, and the one table of who may do what: for REST, sockets, streams and everything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, TypeVar, cast

from flask import Flask
from sqlalchemy import Select, and_, bindparam, exists, null, or_, select, true

from ..core.caller import Caller
from ..core.compiled import Compiled
from ..core.database import take_write_lock
from ..core.errors import ApiError, Forbidden, NotFound
from ..core.idempotency import note_right
from ..core.models import Id
from ..core.schemas import MAX_ID
from ..core.slots import Registry
from ..events.topics import READ_ONLY
from ..extensions import db
from ..frozen import frozen
from .models import COLLABORATOR, OWNER, VIEWER, AsSeen, Member, Owned, Project
from .role_asked import ROLE_IN_PROJECT


class Role(IntEnum):
    """What a person is in a project; a higher role may do all that a lower one may."""

    NONE = 0
    #: Everybody who is signed in, on a read-only topic.
    GUEST = 1
    VIEWER = 2
    COLLABORATOR = 3
    OWNER = 4

    @classmethod
    def named(cls, name: str | None) -> Role:
        """Return the role of a member's row, NONE for no row."""
        return cls[name.upper()] if name else cls.NONE


class Right(StrEnum):
    """What can be done with something in a project."""

    READ = "read"
    APPEAR = "appear"
    WRITE = "write"
    MANAGE = "manage"


#: The table. An outsider (NONE) gets 404, a member whose role is too low 403.
NEEDED_ROLES = {
    Right.READ: Role.GUEST,  # see it, follow it
    Right.APPEAR: Role.VIEWER,  # be seen there: presence, cursors
    Right.WRITE: Role.COLLABORATOR,  # make, change and delete what is in the project; publish
    Right.MANAGE: Role.OWNER,  # members, invitations, the project itself
}

ROLE_NAMES = (VIEWER, COLLABORATOR, OWNER)


#: A model whose rows belong to a project: it has `id`, `project_id` and `role` (see AsSeen).
M = TypeVar("M", bound=AsSeen)


def effective(role_name: str | None, caller: Caller) -> Role:
    """Return the role that counts: an admin has an owner's rights everywhere."""
    return Role.OWNER if caller.is_admin else Role.named(role_name)


def role_in(
    model: type[AsSeen],
    project_id: int | None,
    owner_id: int | None,
    role_name: str | None,
    caller: Caller,
) -> Role:
    """Return the role that counts for a row: what is in no project belongs to its owner alone.

    Admins manage it where the model says so. People who made something in a project have only the
    rights of their role there, so that removed members lose them too.
    """
    if project_id is None:
        managed = model.admins_manage and caller.is_admin
        return Role.OWNER if managed or owner_id == caller.user_id else Role.NONE
    return effective(role_name, caller)


def may(role: Role, right: Right) -> bool:
    """Look a right up in the table."""
    return role >= NEEDED_ROLES[right]


def check(role: Role, right: Right) -> None:
    """Raise NotFound for an outsider, Forbidden for a role that is too low."""
    if role is Role.NONE:
        raise NotFound()
    if not may(role, right):
        needed = NEEDED_ROLES[right].name.lower()
        raise Forbidden(f"Your role here is {role.name.lower()}; this needs {needed}.")


def check_grant(role: Role, granted: str) -> None:
    """Raise Forbidden for granting a role above one's own."""
    if Role.named(granted) > role:
        raise Forbidden("You can't grant a role above your own.")


def load(model: type[M], key: int, caller: Caller, *, can: Right = Right.READ) -> M:
    """Return what the caller may read, write or manage; raises NotFound and Forbidden.

    For a change it takes the writer's lock first, so that neither the role nor the resource can
    change between this check and the commit. The caller's role is noted on the resource.
    """
    found: M
    found, role = _find(model, key, caller, lock=can is not Right.READ)
    check(role, can)
    note_right(cast(Any, model).__tablename__, key, can)
    return found


def _find(model: Any, key: int, caller: Caller, *, lock: bool) -> tuple[Any, Role]:
    if lock:
        take_write_lock()
    row = db.session.execute(_seen(model, caller).where(model.id == key)).one_or_none()
    if row is None:
        raise NotFound()
    found, role_name = row
    found.role = role_name
    return found, role_to(found, caller)


def _seen(model: Any, caller: Caller) -> Select[Any]:
    """Return the query for rows as they are now, each with the caller's role in its project."""
    membership = and_(Member.project_id == model.project_id, Member.user_id == caller.user_id)
    query: Select[Any] = select(model, Member.role).outerjoin(Member, membership)
    return query.execution_options(populate_existing=True)


def role_to(found: Any, caller: Caller) -> Role:
    """Return the role that counts for what has been loaded, from its `role`."""
    owner_id = found.owner_id if isinstance(found, Owned) else None
    return role_in(type(found), found.project_id, owner_id, found.role, caller)


def load_all(model: type[M], keys: Sequence[int], caller: Caller, *, can: Right) -> list[M]:
    """Return several, in the order of their ids' list `keys`; takes the writer's lock first.

    Raises NotFound or Forbidden, which point at the ids in question as `#/ids/<index>`.
    """
    take_write_lock()
    rows = db.session.execute(_seen(model, caller).where(cast(Any, model).id.in_(keys)))
    found: dict[int, Any] = {}
    for one, found_role in rows:
        one.role, found[one.id] = found_role, one
    roles = [role_to(found[key], caller) if key in found else Role.NONE for key in keys]
    # First those that the caller may not know of: 403 would reveal that they exist.
    _refuse_some(NotFound, [role is Role.NONE for role in roles])
    _refuse_some(Forbidden, [not may(role, can) for role in roles])
    for key in keys:
        note_right(cast(Any, model).__tablename__, key, can)
    return [found[key] for key in keys]


def _refuse_some(error: type[ApiError], wrong: list[bool]) -> None:
    if any(wrong):
        detail = " ".join((error.__doc__ or "").split())
        places = [f"#/ids/{number}" for number, one in enumerate(wrong) if one]
        raise error(errors=[{"detail": detail, "pointer": place} for place in places])


def admit(project_id: int | None, caller: Caller, *, can: Right = Right.WRITE) -> None:
    """Check that the caller may make something in a project; in none, everybody may."""
    if project_id is None:
        return
    if can is not Right.READ:
        take_write_lock()
    found = ROLE_IN_PROJECT.one({"project_id": project_id, "user_id": caller.user_id})
    check(effective(found.role, caller) if found else Role.NONE, can)
    note_right(Project.__tablename__, project_id, can)


def owned_by(model: type[Owned], caller: Caller, project_id: int | None) -> Any:
    """Return the condition for a list: a project's rows, or those of the caller's own.

    Their own rows in a project are shown as long as they are a member. Raises NotFound.
    """
    if project_id is not None:
        load(Project, project_id, caller)
        return model.project_id == project_id
    readable = model.project_id.is_(None) | in_project_of(caller.user_id, model.project_id)
    return and_(model.owner_id == caller.user_id, readable)


def in_project_of(user_id: Any, project_id: Any) -> Any:
    """Return the condition that a person is a member of a row's project.

    It is checked for each row that is read: a list of all of a person's projects would have to be
    built for each request. `user_id` may be a parameter that is bound later.
    """
    return exists().where(Member.project_id == project_id, Member.user_id == user_id)


def readable(model: type[AsSeen], user_id: Any, is_admin: bool) -> Any:
    """Return the condition for all rows of a model that `load` lets a person read.

    `user_id` may be a parameter that is bound later.
    """
    place: Any = model.project_id  # type: ignore[attr-defined]
    member = true() if is_admin else in_project_of(user_id, place)
    if not issubclass(model, Owned):
        return member
    mine = true() if model.admins_manage and is_admin else model.owner_id == user_id
    return or_(and_(place.is_not(None), member), and_(place.is_(None), mine))


@frozen
class Place:
    """A topic that somebody may follow, and their role there."""

    topic: str
    project_id: int | None
    role: Role


#: One spelling for each topic: no leading zeros.
TOPIC_PATTERN = re.compile(r"([a-z]{1,32}):([1-9][0-9]{0,18})")

#: The meaning of a topic's first word; packages add their own.
_MODELS: Registry[dict[str, type[Any]]] = Registry("topics", lambda _: {})


def register_topic(app: Flask, word: str, model: type[Any]) -> None:
    """Make `word:<id>` a topic whose rights are those of the model's project."""
    _MODELS.of(app)[word] = model


def place(topic: str, caller: Caller, *, can: Right = Right.READ) -> Place:
    """Return the place of a topic for the caller; raises NotFound and Forbidden."""
    admins_only = READ_ONLY.here().get(topic)
    if admins_only is None:
        found = _numbered_place(topic, caller)
    else:
        guest = caller.is_admin or not admins_only
        found = Place(topic, None, Role.GUEST if guest else Role.NONE)
    check(found.role, can)
    note_right("topic", topic, can)
    return found


def _numbered_place(topic: str, caller: Caller) -> Place:
    match = TOPIC_PATTERN.fullmatch(topic)
    if match is None or int(match[2]) > MAX_ID:
        raise NotFound(f"There is no topic {topic[:80]!r}.")
    word, number = match[1], int(match[2])
    if word == "user":
        return Place(topic, None, Role.OWNER if number == caller.user_id else Role.NONE)
    model = _MODELS.here().get(word)
    if model is None:
        raise NotFound(f"There is no topic {topic[:80]!r}.")
    return _place_in_project(topic, model, number, caller)


@cache
def _place_query(model: Any) -> Compiled:
    """Build, once for each model, the query that every socket message and event needs."""
    member = and_(
        Member.project_id == model.project_id, Member.user_id == bindparam("user_id", type_=Id)
    )
    owner = model.owner_id if issubclass(model, Owned) else null().label("owner_id")
    query: Select[Any] = select(model.project_id, owner, Member.role).outerjoin(Member, member)
    return Compiled(query.where(model.id == bindparam("key", type_=Id)))


def _place_in_project(topic: str, model: Any, number: int, caller: Caller) -> Place:
    values = {"key": number, "user_id": caller.user_id}
    row: Any = _place_query(model).one(values)
    if row is None:
        raise NotFound()
    return Place(topic, row[0], role_in(model, row[0], row[1], row[2], caller))


def projects_of(caller: Caller) -> Any:
    """Return the ids of the projects that the caller is a member of, as a subquery."""
    return select(Member.project_id).where(Member.user_id == caller.user_id)


def own_places(caller: Caller) -> list[Place]:
    """Return what concerns the caller: their own topic, and those of all their projects."""
    query = select(Member.project_id, Member.role).where(Member.user_id == caller.user_id)
    rows = db.session.execute(query.order_by(Member.project_id)).all()
    mine = [Place(f"project:{key}", key, effective(role, caller)) for key, role in rows]
    return [Place(f"user:{caller.user_id}", None, Role.OWNER), *mine]
