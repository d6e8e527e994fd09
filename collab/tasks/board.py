"""The order of a board's columns, one for each status; the writer's lock is held throughout."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, select, tuple_, update

from ..core.compiled import Compiled
from ..core.errors import invalid
from ..core.lists import ordering
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.tasks import TaskUpdated
from ..extensions import db
from .event_facts import about
from .models import Task

TASKS: Table = Task.__table__  # type: ignore[assignment]
#: The last of a column's other tasks: for a task that is not there yet, all are others.
LAST_POSITION = Compiled(
    select(Task.position)
    .where(
        Task.board == bindparam("board"),
        Task.status == bindparam("status"),
        Task.id != bindparam("task_id"),
    )
    .order_by(Task.position.desc(), Task.id.desc())
    .limit(1)
)


def number(task: Task) -> int:
    """Return the board that a task is on; the database computes the same."""
    # Negative for personal tasks, so that one index has both kinds of boards.
    return -task.owner_id if task.project_id is None else task.project_id


def end(task: Task, status: str, actor: int) -> str:
    """Return the position at the end of a column, for a task that enters it."""
    return place(task, status, None, actor, after=True)


def place(task: Task, status: str, anchor: Task | None, actor: int, *, after: bool) -> str:
    """Return a position next to another task, or at the end of a column.

    It is the present one if the task is already there. Where there is no room, all tasks of the
    column get fresh positions.
    """
    low, high = _neighbours(task, status, anchor, after)
    if task.position is not None and task.status == status and _within(task.position, low, high):
        return task.position
    try:
        # A position between two others is a longer text: so nothing else has to move.
        return ordering.between(low, high)
    except ordering.NoRoom:
        return _make_room(task, status, low, actor)


def find_anchor(task: Task, key: int, pointer: str, status: str | None) -> Task:
    """Return the task to move next to; raises Unprocessable if it is not on the board."""
    anchor = db.session.scalar(select(Task).where(Task.id == key, Task.board == number(task)))
    if anchor is None:
        raise invalid(pointer, "There is no such task on this task's board.")
    if anchor.id == task.id:
        raise invalid(pointer, "A task can't be moved next to itself.")
    if status not in (None, anchor.status):
        raise invalid(pointer, f"That task is in the column {anchor.status!r}, not {status!r}.")
    return anchor


def _within(position: str, low: str | None, high: str | None) -> bool:
    return (low is None or low < position) and (high is None or position < high)


def _others(task: Task, status: str) -> Any:
    """Return the query for the positions of a column's other tasks."""
    query = select(Task.position).where(Task.board == number(task), Task.status == status)
    return query if task.id is None else query.where(Task.id != task.id)


def _neighbours(
    task: Task, status: str, anchor: Task | None, after: bool
) -> tuple[str | None, str | None]:
    if anchor is None:
        db.session.flush()  # if several are moved, the earlier ones are in the column, too
        values = {"board": number(task), "status": status, "task_id": task.id or 0}
        last = LAST_POSITION.one(values)
        return (last.position if last else None), None
    rows, key = _others(task, status), tuple_(Task.position, Task.id)
    rising, falling = (
        rows.order_by(*key.clauses),
        rows.order_by(*(one.desc() for one in key.clauses)),
    )
    here = (anchor.position, anchor.id)
    if after:
        return anchor.position, db.session.scalar(rising.where(key > here).limit(1))
    return db.session.scalar(falling.where(key < here).limit(1)), anchor.position


def _make_room(task: Task, status: str, low: str | None, actor: int) -> str:
    """Give a column fresh positions, and return the one left free after `low`."""
    columns = (Task.id, Task.owner_id, Task.project_id, Task.title)
    query = _others(task, status).add_columns(*columns).order_by(Task.position, Task.id)
    rows = db.session.execute(query).all()
    at = sum(low is not None and row.position <= low for row in rows)
    positions = ordering.fresh(len(rows) + 1)
    free = positions.pop(at)
    # Tasks that stay where they are have no event: no client has to draw them again.
    moved = [(row, new) for row, new in zip(rows, positions, strict=True) if row.position != new]
    _write([{"key": row.id, "new": new} for row, new in moved])
    events = [
        TaskUpdated(**about(row), changes={"position": new}, mentioned=[]) for row, new in moved
    ]
    log.record_all(events, actor=actor)
    return free


def _write(values: list[dict[str, Any]]) -> None:
    # Bypassing the mapper, which would load a thousand tasks to change one column of each.
    statement = update(TASKS).where(TASKS.c.id == bindparam("key"))
    raised = {"version": TASKS.c.version + 1, "updated_at": utcnow()}
    if values:
        db.session.connection().execute(
            statement.values(position=bindparam("new"), **raised), values
        )
