"""Posts, collections, and which post is in which collection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, or_
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, Versioned, utcnow

DRAFT = "draft"
PUBLISHED = "published"
POST_STATUSES = (DRAFT, PUBLISHED)


class Post(Versioned, Model):
    """A text: only its owner sees a draft, everybody a published post."""

    __tablename__ = "posts"
    __table_args__ = (
        Index("ix_posts_status_id", "status", "id"),
        Index("ix_posts_status_updated_at_id", "status", "updated_at", "id"),
        Index("ix_posts_owner_id_status_id", "owner_id", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(10), default=PUBLISHED)
    published_at: Mapped[datetime | None]

    @classmethod
    def readable_by(cls, user_id: Any) -> ColumnElement[bool]:
        """Return the condition for what is published, and somebody's own drafts."""
        return or_(cls.status == PUBLISHED, cls.owner_id == user_id)


class Collection(Versioned, Model):
    """Posts that a person put together, in an order; nobody else sees it."""

    __tablename__ = "collections"
    __table_args__ = (
        Index("ix_collections_owner_id_id", "owner_id", "id"),
        Index("ix_collections_owner_id_name_key_id", "owner_id", "name_key", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    #: What names are sorted by (`core/words/sorting.py`); triggers of the database keep it.
    name_key: Mapped[str] = mapped_column(Text, default="", deferred=True)
    description: Mapped[str] = mapped_column(Text, default="")

    #: How often its posts have got fresh positions; cursors are valid until the next time.
    numbering: Mapped[int] = mapped_column(default=0)

    #: How many posts its owner sees in it; noted by whoever loads it.
    posts = 0

    def shown_besides(self) -> tuple[object, ...]:
        """Return how many posts are seen in it: others may make drafts of theirs."""
        return (self.posts,)


class CollectionPost(Model):
    """A post's place in a collection."""

    __tablename__ = "collection_posts"
    __table_args__ = (
        Index("ix_collection_posts_collection_id_position", "collection_id", "position"),
        Index("ix_collection_posts_post_id", "post_id"),
    )

    collection_id: Mapped[int] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    )
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    #: See `core/lists/ordering.py`.
    position: Mapped[str] = mapped_column(String(255))
    added_at: Mapped[datetime] = mapped_column(default=utcnow)


#: What lists may be sorted by.
POST_SORTS = {"id": Post.id, "updated_at": Post.updated_at}
COLLECTION_SORTS = {"id": Collection.id, "name": Collection.name_key}
PLACE_SORTS = {"position": CollectionPost.position}
