"""Fills our database with tasks, beside the server; takes the first number, the last, the project.

A hundred thousand requests would take minutes. The rows are those that requests make, tags and
full-text index included, but for their events.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from collab import create_app
from collab.auth.models import User
from collab.core.lists.ordering import fresh
from collab.core.models import utcnow
from collab.extensions import db
from collab.tasks.models import Task, TaskTag

NOW = utcnow()
AT_ONCE = 5000


def task(number: int, owner_id: int, project_id: int, position: str) -> dict[str, Any]:
    """Return a row: nine of ten are done, one of a thousand is rare."""
    rare = number % 1000 == 7
    return {
        "id": number,
        "owner_id": owner_id,
        "project_id": project_id,
        "title": f"Task {number}: prepare the launch",
        "description": f"A common text{' with something rare' if rare else ''} in it.",
        "status": "blocked" if rare else "todo" if number % 10 == 3 else "done",
        "priority_rank": number % 4,
        "assignee_id": owner_id if number % 3 == 0 else None,
        "due_at": NOW + timedelta(hours=number % 999 - 500) if number % 2 else None,
        "due_zone": "UTC",
        "tags": ["common", "rare"] if rare else ["common"],
        "position": position,
        "created_at": NOW,
        "updated_at": NOW + timedelta(seconds=number * 7919 % 100_000),
        "version": 1,
    }


def fill(first: int, last: int, project_id: int) -> None:
    """Insert the tasks with these numbers."""
    owner_id = db.session.scalars(select(User.id).order_by(User.id)).first()
    assert owner_id is not None
    for start in range(first, last + 1, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, last + 1))
        rows = [task(number, owner_id, project_id, POSITIONS[number]) for number in numbers]
        tags = [
            {"task_id": row["id"], "tag": tag, "board": project_id, "owner_id": owner_id}
            for row in rows
            for tag in row["tags"]
        ]
        db.session.execute(insert(Task), rows)
        db.session.execute(insert(TaskTag), tags)
        db.session.commit()


if __name__ == "__main__":
    begin, end, project = map(int, sys.argv[1:4])
    POSITIONS = fresh(end + 1)
    with create_app().app_context():
        fill(begin, end, project)
