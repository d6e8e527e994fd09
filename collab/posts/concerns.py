"""Whom the events of posts concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists

from ..events.concerns import Family, Rule, by_id, keys, mentioned, who
from .models import PUBLISHED, Post

MENTIONED_RULE = Rule("mentioned", mentioned)

#: id -> owner_id, status
PostFacts = Mapping[int, Any]


class PostEvents(Family):
    """People are notified of posts that mention them, for as long as these are published."""

    word = subject = "post"
    rules = {
        "post.created": (MENTIONED_RULE,),
        "post.updated": (MENTIONED_RULE,),
        "post.published": (MENTIONED_RULE,),
    }
    sentences = {
        "mentioned": lambda row: f"{who(row)} mentioned you in the post “{row.post_title}”."
    }

    @property
    def shown(self) -> Any:
        """Return the post's title."""
        return Post.title

    def look_up(self, rows: Sequence[Any]) -> PostFacts:
        """Look up the posts."""
        return by_id((Post.id, Post.owner_id, Post.status), keys(rows, "post_id"))

    def about(self, row: Any, facts: PostFacts) -> dict[str, int | None] | None:
        """Return the post."""
        key = row.data["post_id"]
        return {"post_id": key} if key in facts else None

    def may_read(self, key: int, user_id: int, facts: PostFacts) -> bool:
        """Return whether it is published, or theirs."""
        return bool(facts[key].status == PUBLISHED or facts[key].owner_id == user_id)

    def hides(self, key: Any, user_id: Any) -> ColumnElement[bool]:
        """Return the condition that it is somebody else's draft."""
        readable = exists().where(Post.id == key, Post.readable_by(user_id))
        return ~readable.correlate(key.class_)
