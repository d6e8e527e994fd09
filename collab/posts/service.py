"""Creating, listing, updating and deleting posts."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, select
from sqlalchemy import update as update_rows

from ..auth.mentions import mentioned
from ..core import fulltext
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import NotFound, Unauthorized
from ..core.lists.paging import Page, paginate
from ..core.models import Id, utcnow
from ..events import log
from ..events.catalogue.posts import (
    PostCreated,
    PostDeleted,
    PostPublished,
    PostUnpublished,
    PostUpdated,
)
from ..extensions import db
from ..projects import access
from ..projects.access import Right, Role
from .models import DRAFT, POST_SORTS, PUBLISHED, Collection, CollectionPost, Post
from .schemas import EXCERPT_CHARACTERS, MAX_LISTED_BODY_CHARACTERS

#: An owner's id that matches nobody: for callers who ask for other people's drafts.
NOBODY_ID = 0

#: What lists show of a post.
LIST_COLUMNS = (
    Post.id,
    Post.owner_id,
    Post.title,
    case((func.length(Post.body) <= MAX_LISTED_BODY_CHARACTERS, Post.body)).label("body"),
    func.substr(Post.body, 1, EXCERPT_CHARACTERS).label("excerpt"),
    Post.status,
    Post.published_at,
    Post.created_at,
    Post.updated_at,
)


def role_in(post: Post, caller: Caller | None) -> Role:
    """Return the role of a person, or of somebody who is not signed in, for a post.

    A draft exists only for its owner. Everybody reads published posts, and admins manage them.
    """
    if caller is not None and post.owner_id == caller.user_id:
        return Role.OWNER
    if post.status == DRAFT:
        return Role.NONE
    return Role.OWNER if caller is not None and caller.is_admin else Role.VIEWER


def load(post_id: int, caller: Caller | None, *, can: Right = Right.READ) -> Post:
    """Return a post that the caller may read or manage; raises NotFound and Forbidden.

    For a change it takes the writer's lock first.
    """
    if can is not Right.READ:
        take_write_lock()
    # Read again: what this session knows may be older than the lock.
    post = db.session.get(Post, post_id, populate_existing=True)
    if post is None:
        raise NotFound()
    access.check(role_in(post, caller), can)
    return post


def create(title: str, body: str, status: str, owner: Caller) -> Post:
    """Make a post, as a draft or published at once."""
    post = Post(owner_id=owner.user_id, title=title, body=body, status=status)
    published = status == PUBLISHED
    post.published_at = utcnow() if published else None
    called = _mentioned(post) if published else []  # nobody else can read a draft
    db.session.add(post)
    db.session.flush()
    log.record(PostCreated(**_facts(post), mentioned=called), actor=owner.user_id)
    db.session.commit()
    return post


def _facts(post: Post) -> dict[str, Any]:
    """Return what each event says about a post, and to whom: to all only while it is published."""
    facts = {"post_id": post.id, "owner_id": post.owner_id, "title": post.title}
    return facts | {"public": post.status == PUBLISHED}


def _mentioned(post: Post) -> list[int]:
    return mentioned(f"{post.title}\n{post.body}")


def list_posts(
    caller: Caller | None,
    *,
    owner: str | None,
    status: str,
    q: str | None,
    sort: str,
    **page: Any,
) -> Page:
    """Return a page of what is published, or of the caller's drafts; raises Unauthorized."""
    values = {"status": status} | _owner(caller, owner, status)
    query = _listed("owner_id" in values)
    if q:
        found = fulltext.ids("post", q, [f"u{values['owner_id']}" if status == DRAFT else "public"])
        if found is None:  # it has no word: nothing matches, rather than everything
            return Page([], None)
        query = query.params(values).where(Post.id.in_(found))
    return paginate(
        query,
        columns=POST_SORTS,
        sort=sort,
        key=Post.id,
        item=lambda row: row,
        values=None if q else values,
        **page,
    )


def _owner(caller: Caller | None, owner: str | None, status: str) -> dict[str, Any]:
    """Return the owner of the posts wanted, if it is one person; raises Unauthorized."""
    if owner != "me" and status == PUBLISHED:
        return {"owner_id": int(owner)} if owner else {}
    if caller is None:
        raise Unauthorized()
    others = owner not in (None, "me", str(caller.user_id))
    return {"owner_id": NOBODY_ID if others else caller.user_id}


@cache
def _listed(of_one: bool) -> Select[Any]:
    """Build, once for each kind, the query of the columns that a list shows."""
    query: Select[Any] = select(*LIST_COLUMNS).where(Post.status == bindparam("status"))
    if of_one:
        query = query.where(Post.owner_id == bindparam("owner_id", type_=Id))
    return query


def update(post: Post, changes: dict[str, Any], actor: Caller) -> Post:
    """Change a post, publish it, or make a draft of it.

    Other changes in the same request are made while it is a draft, so nothing of a draft gets out.
    """
    changed = {key: value for key, value in changes.items() if getattr(post, key) != value}
    status = changed.pop("status", None)
    before = set(_mentioned(post)) if changed and post.status == PUBLISHED else set()
    if status == DRAFT:
        _unpublish(post, actor)
    for key, value in changed.items():
        setattr(post, key, value)
    if changed:
        public = post.status == PUBLISHED
        # Only those who were not named before: an edit must not notify everybody again.
        called = sorted(set(_mentioned(post)) - before) if public else []
        event = PostUpdated(**_facts(post), changed=sorted(changed), mentioned=called)
        log.record(event, actor=actor.user_id)
    if status == PUBLISHED:
        _publish(post, actor)
    db.session.commit()
    return post


def _publish(post: Post, actor: Caller) -> None:
    post.status, post.published_at = PUBLISHED, utcnow()
    event = PostPublished(**_facts(post), mentioned=_mentioned(post))
    log.record(event, actor=actor.user_id)
    _touch_collections(post)


def _unpublish(post: Post, actor: Caller) -> None:
    # Before the status changes: readers are still told where the post was public.
    log.record(PostUnpublished(**_facts(post)), actor=actor.user_id)
    post.status, post.published_at = DRAFT, None
    _touch_collections(post)


def _touch_collections(post: Post) -> None:
    """Give the collections that contain a post new versions: what they show has changed."""
    holding = select(CollectionPost.collection_id).where(CollectionPost.post_id == post.id)
    statement = update_rows(Collection).where(Collection.id.in_(holding))
    # `updated_at` stays: nobody changed the collection itself.
    values = {"version": Collection.version + 1, "updated_at": Collection.updated_at}
    db.session.execute(statement.values(values), execution_options={"synchronize_session": False})


def delete(post: Post, actor: Caller) -> None:
    """Delete a post; it leaves all collections."""
    log.record(PostDeleted(**_facts(post)), actor=actor.user_id)
    _touch_collections(post)
    db.session.delete(post)
    db.session.commit()
