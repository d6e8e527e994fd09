"""What a notification says, in the names that things have now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

ARTICLES = {"owner": "an owner", "collaborator": "a collaborator", "viewer": "a viewer"}
OUTCOMES = {
    "succeeded": "succeeded",
    "failed": "failed",
    "died": "failed for the last time",
}


def _mentioned(row: Any) -> str:
    if row.post_title is not None:
        return f"{_actor(row)} mentioned you in the post “{row.post_title}”."
    place = "a comment on " if row.comment_id else ""
    return f"{_actor(row)} mentioned you in {place}“{row.task_title}”."


def _job_finished(row: Any) -> str:
    job, outcome = f"your job {row.job_id} ({row.job_type})", row.data["outcome"]
    if outcome == "cancelled":
        return f"{_actor(row)} cancelled {job}."
    return f"Y{job[1:]} {OUTCOMES[outcome]}."


def _due_soon(row: Any) -> str:
    due = datetime.fromisoformat(row.data["due_at"])
    return f"“{row.task_title}” is due at {due:%Y-%m-%d %H:%M} UTC."


def _actor(row: Any) -> str:
    return row.actor_name or "Somebody"


SENTENCES: dict[str, Callable[[Any], str]] = {
    "invited": lambda row: (
        f"{_actor(row)} added you to “{row.project_name}” as {ARTICLES[row.data['role']]}."
    ),
    "role_changed": lambda row: (
        f"{_actor(row)} made you {ARTICLES[row.data['role']]} of “{row.project_name}”."
    ),
    "assigned": lambda row: f"{_actor(row)} assigned “{row.task_title}” to you.",
    "mentioned": _mentioned,
    "commented": lambda row: f"{_actor(row)} commented on “{row.task_title}”.",
    "job_finished": _job_finished,
    "due_soon": _due_soon,
}


def sentence(row: Any) -> str:
    """Return what a row of `reading` says."""
    return SENTENCES[row.kind](row)
