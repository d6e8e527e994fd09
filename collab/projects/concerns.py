"""Whom the events of members concern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..events.concerns import Family, Rule, member, who
from .models import COLLABORATOR, OWNER, VIEWER, Project

ROLES_WITH_ARTICLES = {OWNER: "an owner", COLLABORATOR: "a collaborator", VIEWER: "a viewer"}


class MemberEvents(Family):
    """Members are notified of their role in their project."""

    word, subject = "member", "project"
    rules = {
        "member.added": (Rule("invited", member("user_id")),),
        "member.role_changed": (Rule("role_changed", member("user_id")),),
    }
    sentences = {
        "invited": lambda row: (
            f"{who(row)} added you to “{row.project_name}” as {_a_role(row.data)}."
        ),
        "role_changed": lambda row: (
            f"{who(row)} made you {_a_role(row.data)} of “{row.project_name}”."
        ),
    }

    @property
    def shown(self) -> Any:
        """Return the project's name."""
        return Project.name

    def look_up(self, rows: Sequence[Any]) -> None:
        """Look up nothing: deleting a project deletes its notifications."""

    def about(self, row: Any, facts: Any) -> dict[str, int | None]:
        """Return the project."""
        return {"project_id": row.data["project_id"]}

    def data(self, row: Any) -> dict[str, Any]:
        """Return the role."""
        return {"role": row.data["role"]}


def _a_role(data: dict[str, Any]) -> str:
    return ROLES_WITH_ARTICLES[data["role"]]
