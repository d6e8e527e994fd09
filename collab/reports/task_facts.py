"""What a report says about a project's tasks, as they are when it is made."""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlalchemy import func, select

from ..auth.models import User
from ..frozen import frozen
from ..tasks.models import IS_OPEN, STATUSES, Task
from .scope import Scope

#: How many people a report names; the rest is counted.
PEOPLE_SHOWN = 10


@frozen
class Tasks:
    """The tasks: how many of each status, and who has most to do."""

    statuses: dict[str, int]
    #: Not done, and due before the last day of the report.
    overdue: int
    #: Name, tasks that are not done, and how many of these are overdue.
    loaded: list[tuple[str, int, int]]
    #: All people with a task to do, the shown ones included.
    assignees: int

    @property
    def total(self) -> int:
        """Return the number of all tasks."""
        return sum(self.statuses.values())

    @property
    def others(self) -> int:
        """Return the number of people who are not shown."""
        return self.assignees - len(self.loaded)


def tasks(scope: Scope) -> Tasks:
    """Count the tasks of each status, and those to do of each person, the most first."""
    mine = Task.board == scope.project_id
    counts = dict(scope.rows(select(Task.status, func.count()).where(mine).group_by(Task.status)))
    late = Task.due_order < datetime.combine(scope.period.last, time(), UTC)
    overdue = scope.connection.scalar(
        select(func.count()).select_from(Task).where(mine, IS_OPEN, late)
    )
    open_ones, assignees = func.count().label("open"), func.count().over().label("assignees")
    query = select(User.name, open_ones, func.count().filter(late).label("late"), assignees)
    query = query.join_from(Task, User, Task.assignee_id == User.id).where(mine, IS_OPEN)
    rows = scope.rows(
        query.group_by(User.id).order_by(open_ones.desc(), User.id).limit(PEOPLE_SHOWN)
    )
    loaded = [(row.name, row.open, row.late) for row in rows]
    shown = {status: counts.get(status, 0) for status in STATUSES}
    return Tasks(shown, overdue or 0, loaded, rows[0].assignees if rows else 0)
