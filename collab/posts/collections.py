"""Making, listing, changing and deleting collections."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, Table, bindparam, func, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.lists.paging import Page, paginate
from ..core.models import Id
from ..core.storage.clearing import clear_most
from ..core.words.folding import fold
from ..events import log
from ..events.catalogue.posts import CollectionCreated, CollectionDeleted, CollectionUpdated
from ..extensions import db
from ..projects import access
from ..projects.access import Right, Role
from .models import COLLECTION_SORTS, Collection, CollectionPost, Post

COLLECTIONS: Table = Collection.__table__  # type: ignore[assignment]

#: The posts of a collection that its owner sees: not other people's drafts.
SEEN_BY_OWNER = Post.readable_by(Collection.owner_id)

COUNT_SEEN = (
    select(func.count())
    .select_from(CollectionPost)
    .join(Post, Post.id == CollectionPost.post_id)
    .where(CollectionPost.collection_id == Collection.id, SEEN_BY_OWNER)
    .correlate(Collection)
    .scalar_subquery()
    .label("posts")
)


def load(key: int, caller: Caller, *, can: Right = Right.READ) -> Collection:
    """Return one of the caller's collections; raises NotFound.

    For a change it takes the writer's lock first.
    """
    if can is not Right.READ:
        take_write_lock()
    query = select(Collection, COUNT_SEEN).where(Collection.id == key)
    row: Any = db.session.execute(query.execution_options(populate_existing=True)).one_or_none()
    mine = row is not None and row.Collection.owner_id == caller.user_id
    access.check(Role.OWNER if mine else Role.NONE, can)
    collection: Collection = row.Collection
    collection.posts = row.posts
    return collection


def create(name: str, description: str, owner: Caller) -> Collection:
    """Make an empty collection."""
    collection = Collection(owner_id=owner.user_id, name=name, description=description)
    db.session.add(collection)
    db.session.flush()
    log.record(CollectionCreated(**facts(collection)), actor=owner.user_id)
    db.session.commit()
    return collection


def facts(collection: Collection) -> dict[str, Any]:
    """Return what each event says about a collection."""
    known = {"collection_id": collection.id, "owner_id": collection.owner_id}
    return known | {"name": collection.name}


def list_collections(caller: Caller, *, q: str | None, sort: str, **page: Any) -> Page:
    """Return a page of the caller's collections."""
    return paginate(
        _listed(bool(q)),
        columns=COLLECTION_SORTS,
        sort=sort,
        key=Collection.id,
        item=lambda row: row,
        values={"owner_id": caller.user_id} | ({"q": fold(q)} if q else {}),
        **page,
    )


@cache
def _listed(filtered: bool) -> Select[Any]:
    """Build, once for each kind, the query of the columns that a list shows."""
    shown = (Collection.id, Collection.owner_id, Collection.name, Collection.description)
    times = (Collection.created_at, Collection.updated_at)
    query: Select[Any] = select(*shown, *times, COUNT_SEEN)
    query = query.where(Collection.owner_id == bindparam("owner_id", type_=Id))
    if filtered:
        query = query.where(func.instr(func.folded(Collection.name), bindparam("q")) > 0)
    return query


def update(collection: Collection, changes: dict[str, Any], actor: Caller) -> Collection:
    """Change a collection's name or description."""
    changed = {key: value for key, value in changes.items() if getattr(collection, key) != value}
    for key, value in changed.items():
        setattr(collection, key, value)
    if changed:
        event = CollectionUpdated(**facts(collection), changed=sorted(changed))
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return collection


def delete(collection: Collection, actor: Caller) -> None:
    """Delete a collection, with many posts in parts; the posts stay. Raises NotFound."""
    key = collection.id
    if clear_most(COLLECTIONS, key):
        # Others may write between the parts: it may be gone by now.
        collection = load(key, actor, can=Right.WRITE)
    log.record(CollectionDeleted(**facts(collection)), actor=actor.user_id)
    db.session.delete(collection)
    db.session.commit()
