"""A person's own topics, in the database: however many projects they are in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import String, cast, literal, select, union_all

from ..core.caller import Caller
from ..extensions import db
from .models import Member


def own_topics(caller: Caller) -> Any:
    """Return the topics of `own_places` as a subquery, however many there are."""
    mine = select(literal(f"user:{caller.user_id}").label("topic"))
    projects = select(literal("project:").concat(cast(Member.project_id, String)))
    return union_all(mine, projects.where(Member.user_id == caller.user_id)).subquery()


def still_own(topics: Collection[str], caller: Caller) -> set[str]:
    """Return those of some topics that are still the caller's own."""
    keys = [int(topic.partition(":")[2]) for topic in topics if topic.startswith("project:")]
    query = select(Member.project_id).where(Member.user_id == caller.user_id)
    found = db.session.scalars(query.where(Member.project_id.in_(keys)))
    return {f"user:{caller.user_id}", *(f"project:{key}" for key in found)}
