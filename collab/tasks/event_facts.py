"""What the events about tasks say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..auth.mentions import mentioned
from ..auth.models import User
from ..core.text import times
from ..projects.access import in_project_of
from .models import Task

#: Characters of a comment that an event carries.
EXCERPT_CHARACTERS = 200


def about(task: Any) -> dict[str, Any]:
    """Return what each event says about its task (or a row with these columns)."""
    return {
        "task_id": task.id,
        "owner_id": task.owner_id,
        "project_id": task.project_id,
        "title": task.title,
    }


def concerned(task: Task) -> Any:
    """Return the condition on `User` for hearing about a task: a member, or else its owner."""
    if task.project_id is None:
        return User.id == task.owner_id
    return in_project_of(User.id, task.project_id)


def newly_mentioned(task: Task, text: str, before: str = "") -> list[int]:
    """Return the people whom a text mentions, but the previous text did not."""
    if "@" not in text:
        return []
    known = set(mentioned(before, concerned(task)))
    return [key for key in mentioned(text, concerned(task)) if key not in known]


def written(value: Any) -> Any:
    """Return a value as an event holds it: times as text."""
    return times.write(value) if isinstance(value, datetime) else value


def excerpt(body: str) -> str:
    """Return the beginning of a comment."""
    return body if len(body) <= EXCERPT_CHARACTERS else body[: EXCERPT_CHARACTERS - 1] + "…"
