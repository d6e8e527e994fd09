"""Whom the events of webhooks concern: the owners of the project, when the server disables one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ..events.concerns import Family, Rule
from ..extensions import db
from ..projects.models import OWNER, Member, Project

#: Why, in a sentence that goes on after the webhook's name.
REASON_PHRASES = {
    "gone": "it answered that it is gone (410)",
    "failing": "no delivery has succeeded for days",
    "no_right": "the person who made it may no longer manage the project",
    "secret_lost": "its secret can't be opened any more",
}

OwnersByProject = Mapping[int, Sequence[int]]


def _owners(row: Any, facts: OwnersByProject) -> Iterable[int]:
    return facts.get(row.data["project_id"], ())


class WebhookEvents(Family):
    """Owners are notified of webhooks that the server has disabled."""

    word, subject = "webhook", "project"
    rules = {"webhook.disabled": (Rule("webhook_disabled", _owners),)}
    sentences = {
        "webhook_disabled": lambda row: (
            f"The webhook “{row.data['name']}” of “{row.project_name}” is disabled: "
            f"{REASON_PHRASES[row.data['reason']]}."
        ),
    }

    @property
    def shown(self) -> Any:
        """Return the project's name."""
        return Project.name

    def look_up(self, rows: Sequence[Any]) -> OwnersByProject:
        """Look up the owners of the projects."""
        found: dict[int, list[int]] = defaultdict(list)
        projects = {row.data["project_id"] for row in rows}
        query = select(Member.project_id, Member.user_id).where(Member.role == OWNER)
        for project_id, user_id in db.session.execute(query.where(Member.project_id.in_(projects))):
            found[project_id].append(user_id)
        return found

    def about(self, row: Any, facts: Any) -> dict[str, int | None]:
        """Return the project."""
        return {"project_id": row.data["project_id"]}

    def data(self, row: Any) -> dict[str, Any]:
        """Return the webhook's name, and why."""
        return {"name": row.data["name"], "reason": row.data["reason"]}
