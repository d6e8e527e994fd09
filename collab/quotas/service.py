"""Reading the counters: of one person or project, and for admins of those who keep most."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from ..auth.models import User
from ..core.errors import NotFound
from ..core.lists.paging import Page, paginate
from ..core.slots import setting
from ..core.usage.models import KINDS, PERSON, PROJECT, Usage
from ..core.usage.quota import MIB, limit_of
from ..extensions import db
from ..frozen import frozen
from ..projects.models import Project

#: Kinds with a quota of their own, below the total one, and the setting for it.
OWN_QUOTAS = {(PERSON, "uploads"): "UPLOAD_QUOTA_MB", (PROJECT, "files"): "FILE_QUOTA_MB"}


@frozen
class Kind:
    """What is kept of one kind."""

    kind: str
    bytes: int
    count: int
    limit: int | None


@frozen
class Kept:
    """What an owner keeps."""

    bytes: int
    limit: int
    kinds: list[Kind]


def usage_of(owner: str, owner_id: int) -> Kept:
    """Return what a person or a project keeps, by kind; it reads a row for each kind."""
    query = select(Usage.kind, Usage.bytes, Usage.count)
    query = query.where(Usage.owner == owner, Usage.owner_id == owner_id)
    # By index: a row is a tuple, whose own `count` hides the column.
    found = {row.kind: row for row in db.session.execute(query) if row[2] or row.bytes}
    kinds = [
        Kind(kind, found[kind].bytes, found[kind][2], _own_limit(owner, kind))
        for kind in KINDS
        if kind in found
    ]
    return Kept(sum(one.bytes for one in kinds), limit_of(owner), kinds)


@frozen
class Keeper:
    """A person or a project, and all that they keep."""

    owner: str
    id: int
    #: None: there is no such account or project any more.
    name: str | None
    bytes: int
    count: int
    limit: int


def usage_of_user(user_id: int) -> Kept:
    """Return what a person keeps, for an admin; raises NotFound if there is no such account."""
    if db.session.get(User, user_id) is None:
        raise NotFound()
    return usage_of(PERSON, user_id)


def list_keepers(*, owner: str, sort: str, **page: Any) -> Page:
    """Return a page of people, or of projects, by what they keep.

    It adds up a row for each kind of each of them: no sum is stored to sort by.
    """
    named: Any = User if owner == PERSON else Project
    summed = select(
        Usage.owner_id.label("id"),
        func.sum(Usage.bytes).label("bytes"),
        func.sum(Usage.count).label("count"),
    )
    kept = summed.where(Usage.owner == owner).group_by(Usage.owner_id).subquery()
    query = select(kept.c.id, kept.c.bytes, kept.c.count, named.name.label("name"))
    query = query.outerjoin(named, named.id == kept.c.id)
    most = limit_of(owner)

    def item(row: Any) -> Keeper:
        told = row._mapping
        return Keeper(owner, row.id, row.name, row.bytes, told["count"], most)

    columns: dict[str, Any] = {"bytes": kept.c.bytes}
    return paginate(query, columns=columns, sort=sort, key=kept.c.id, item=item, **page)  # type: ignore[arg-type]


def _own_limit(owner: str, kind: str) -> int | None:
    name = OWN_QUOTAS.get((owner, kind))
    return setting(name) * MIB if name else None
