"""Which posts are in a collection, and in which order."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update

from ..core.caller import Caller
from ..core.errors import Conflict, NotFound
from ..core.lists import ordering
from ..core.lists.paging import Page, paginate
from ..core.models import Id, utcnow
from ..events import log
from ..events.catalogue.posts import (
    CollectionEvent,
    CollectionPostAdded,
    CollectionPostMoved,
    CollectionPostRemoved,
)
from ..extensions import db
from .collections import SEEN_BY_OWNER, facts
from .models import Collection, CollectionPost, Post
from .service import LIST_COLUMNS
from .service import load as load_post

MAX_POSTS_PER_COLLECTION = 1000


class Full(Conflict):
    """A collection may hold 1,000 posts, including posts that are now other people's drafts."""


class NoNeighbour(NotFound):
    """The post to stand next to is not in this collection."""


def put(
    collection: Collection,
    post_id: int,
    actor: Caller,
    *,
    before: int | None = None,
    after: int | None = None,
) -> Collection:
    """Put a post that the caller may read next to another one, or a new one at the end.

    A post that is there already stays unless a neighbour is named. Raises NotFound, Full.
    """
    load_post(post_id, actor)
    held = _held(collection, post_id)
    if held is None:
        _add(collection, post_id, before, after)
        event: CollectionEvent = CollectionPostAdded(**facts(collection), post_id=post_id)
        _record(collection, event, actor)
    # Next to itself is where it is: nothing moves, and there is no event.
    elif {before, after} - {None, post_id} and _move(collection, post_id, held, before, after):
        event = CollectionPostMoved(**facts(collection), post_id=post_id)
        _record(collection, event, actor)
    db.session.commit()
    return collection


def remove(collection: Collection, post_id: int, actor: Caller) -> Collection:
    """Take a post out of a collection; raises NotFound if the caller sees none there."""
    # A post that the caller may no longer read does not exist for them, in collections either.
    load_post(post_id, actor)
    if _held(collection, post_id) is None:
        raise NotFound("The post is not in this collection.")
    db.session.execute(delete(CollectionPost).where(*_place(collection, post_id)))
    collection.posts -= 1
    event = CollectionPostRemoved(**facts(collection), post_id=post_id)
    _record(collection, event, actor)
    db.session.commit()
    return collection


def _record(collection: Collection, event: CollectionEvent, actor: Caller) -> None:
    """Give the collection a new version, and record the event for its owner."""
    collection.updated_at = utcnow()
    log.record(event, actor=actor.user_id)


def _place(collection: Collection, post_id: int) -> tuple[Any, Any]:
    held_by = CollectionPost.collection_id == collection.id
    return held_by, CollectionPost.post_id == post_id


def _held(collection: Collection, post_id: int) -> str | None:
    """Return a post's position, None if it is not in the collection."""
    query = select(CollectionPost.position).where(*_place(collection, post_id))
    return db.session.scalar(query)


def _add(collection: Collection, post_id: int, before: int | None, after: int | None) -> None:
    held_by = CollectionPost.collection_id == collection.id
    count = db.session.scalar(select(func.count()).select_from(CollectionPost).where(held_by))
    if (count or 0) >= MAX_POSTS_PER_COLLECTION:
        raise Full()
    place = _position(collection, post_id, before, after)
    db.session.add(CollectionPost(collection_id=collection.id, post_id=post_id, position=place))
    collection.posts += 1


def _move(
    collection: Collection, post_id: int, held: str, before: int | None, after: int | None
) -> bool:
    """Put a post next to a neighbour; return whether it was elsewhere before."""
    low, high = _gap(collection, post_id, before, after)
    # It is in that gap already: no new version, and no event.
    if (low is None or low < held) and (high is None or held < high):
        return False
    place = _position(collection, post_id, before, after)
    where = _place(collection, post_id)
    db.session.execute(update(CollectionPost).where(*where).values(position=place))
    return True


def _position(collection: Collection, post_id: int, before: int | None, after: int | None) -> str:
    """Return a free position; where there is none left, all posts get fresh ones first."""
    try:
        return ordering.between(*_gap(collection, post_id, before, after))
    except ordering.NoRoom:
        _renumber(collection)
        return ordering.between(*_gap(collection, post_id, before, after))


#: The positions before and after a place; None is an end.
Gap = tuple[str | None, str | None]


def _gap(collection: Collection, post_id: int, before: int | None, after: int | None) -> Gap:
    """Find the place next to a neighbour, or at the end, the post itself left aside."""
    position = CollectionPost.position
    others = (CollectionPost.collection_id == collection.id, CollectionPost.post_id != post_id)
    first, last = select(func.min(position)), select(func.max(position))
    if before is not None:
        here = _neighbour(collection, before)
        return db.session.scalar(last.where(*others, position < here)), here
    if after is not None:
        here = _neighbour(collection, after)
        return here, db.session.scalar(first.where(*others, position > here))
    return db.session.scalar(last.where(*others)), None


def _neighbour(collection: Collection, post_id: int) -> str:
    query = select(CollectionPost.position).join(Post, Post.id == CollectionPost.post_id)
    query = query.join(Collection, Collection.id == CollectionPost.collection_id)
    found = db.session.scalar(query.where(*_place(collection, post_id), SEEN_BY_OWNER))
    if found is None:
        raise NoNeighbour()
    return found


def _renumber(collection: Collection) -> None:
    held_by = CollectionPost.collection_id == collection.id
    query = select(CollectionPost.post_id).where(held_by).order_by(CollectionPost.position)
    keys = db.session.scalars(query).all()
    rows = [
        {"collection_id": collection.id, "post_id": key, "position": position}
        for key, position in zip(keys, ordering.fresh(len(keys)), strict=True)
    ]
    db.session.execute(update(CollectionPost), rows)
    collection.numbering += 1


def list_collection_posts(collection: Collection, *, sort: str, **page: Any) -> Page:
    """Return a page of the posts in a collection that its owner sees, in their order.

    A cursor from before the positions were renumbered is refused: it would skip posts.
    """
    return paginate(
        _listed(),
        columns={f"position.{collection.numbering}": CollectionPost.position},
        sort=f"{sort}.{collection.numbering}",
        key=CollectionPost.post_id,
        item=lambda row: row,
        values={"collection_id": collection.id},
        **page,
    )


@cache
def _listed() -> Select[Any]:
    """Build, once, the query of the columns that a list shows."""
    query: Select[Any] = select(*LIST_COLUMNS, CollectionPost.added_at).select_from(CollectionPost)
    query = query.join(Post, Post.id == CollectionPost.post_id)
    query = query.join(Collection, Collection.id == CollectionPost.collection_id).where(
        SEEN_BY_OWNER
    )
    return query.where(CollectionPost.collection_id == bindparam("collection_id", type_=Id))
