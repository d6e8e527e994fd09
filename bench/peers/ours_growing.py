"""Fills our database with tasks and their events, beside the server, as fast as it takes them.

Takes the first number, the last, and the project; prints the id of an event in the middle of all.
The rows are those that requests make; the tables' own triggers write what searches find.
"""

from __future__ import annotations

import sys

from ours_tasks import AT_ONCE, NOW, task
from sqlalchemy import func, insert, select, text

from collab import create_app
from collab.auth.models import User
from collab.core.lists.ordering import fresh
from collab.events.models import EventRow
from collab.extensions import db
from collab.tasks.models import Task, TaskTag

#: So many of the first rows have a word that no other has, however many there come to be.
EARLIEST = 10
#: Lost with the power, and made again: what is filled here is thrown away after the run.
PRAGMAS = ("synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY")


def fill(first: int, last: int, project_id: int) -> None:
    """Insert the tasks with these numbers, each with the event that it was created."""
    for pragma in PRAGMAS:
        db.session.execute(text(f"PRAGMA {pragma}"))
    owner_id = db.session.scalars(select(User.id).order_by(User.id)).first()
    assert owner_id is not None
    for start in range(first, last + 1, AT_ONCE):
        rows = [
            task(number, owner_id, project_id, POSITIONS[number])
            for number in range(start, min(start + AT_ONCE, last + 1))
        ]
        for row in rows:
            if row["id"] <= EARLIEST:
                row["description"] += " One of the earliest."
        tags = [
            {"task_id": row["id"], "tag": tag, "board": project_id, "owner_id": owner_id}
            for row in rows
            for tag in row["tags"]
        ]
        told = [
            {
                "topic": f"project:{project_id}",
                "type": "task.created",
                "actor": owner_id,
                "project_id": project_id,
                "data": {"task_id": row["id"], "title": row["title"], "status": row["status"]},
                "time": NOW,
            }
            for row in rows
        ]
        for model, values in ((Task, rows), (TaskTag, tags), (EventRow, told)):
            db.session.connection().execute(insert(model.__table__), values)  # no objects
        db.session.commit()


if __name__ == "__main__":
    begin, end, project = map(int, sys.argv[1:4])
    POSITIONS = fresh(end + 1)
    with create_app().app_context():
        fill(begin, end, project)
        most = db.session.scalar(select(func.max(EventRow.id))) or 0
        print(most // 2)
