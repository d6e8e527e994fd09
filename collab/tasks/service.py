"""Creating, updating, moving and deleting tasks; `reading.py` lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import insert

from ..core.caller import Caller
from ..core.compiled import Compiled
from ..core.database import take_write_lock
from ..core.errors import invalid
from ..core.storage.clearing import clear_most
from ..core.transactions.rows import Rows
from ..events import log
from ..events.catalogue.tasks import TaskAssigned, TaskCreated, TaskDeleted, TaskUpdated
from ..extensions import db
from ..projects import access
from ..projects.models import Member
from . import board
from .due import moment
from .event_facts import about, newly_mentioned, written
from .models import PRIORITIES, Task, TaskTag

NEW_TASKS = Rows(Task)
INSERT_TAGS = Compiled(insert(TaskTag.__table__))  # type: ignore[arg-type]


def create(project_id: int | None, values: dict[str, Any], owner: Caller) -> Task:
    """Create a task in a project, or a personal one; raises NotFound, Forbidden, Unprocessable."""
    # The lock first: a member who is removed while this waits for it creates nothing.
    take_write_lock()
    access.admit(project_id, owner)
    place = Task(project_id=project_id, owner_id=owner.user_id)
    row = {**_settled(values, values["due_zone"]), "project_id": project_id}
    # Under the lock: a member now is still one when the task is committed.
    _check_assignee(place, row["assignee_id"])
    row["position"] = board.end(place, row["status"], owner.user_id)
    # A number, as lists sort by it: words would be sorted alphabetically.
    row["priority_rank"] = PRIORITIES[row.pop("priority")]
    task = NEW_TASKS.add(owner_id=owner.user_id, **row)
    _add_tags(task, task.tags)
    _tell_created(task, owner.user_id)
    db.session.commit()
    return task


def _settled(values: dict[str, Any], zone: str) -> dict[str, Any]:
    """Return the values with the due date as a moment; `zone` is the previous one."""
    if values.get("due_at") is None:
        return values
    return values | {"due_at": moment(values["due_at"], values.get("due_zone", zone))}


def _check_assignee(task: Task, assignee_id: int | None) -> None:
    """Raise Unprocessable for somebody who has no part in the task; admins need none."""
    if assignee_id is None:
        return
    if task.project_id is None:
        if assignee_id != task.owner_id:
            raise invalid("assignee_id", "A personal task can be assigned only to its owner.")
    # Read again: what this session knows may be older than the lock.
    elif db.session.get(Member, (task.project_id, assignee_id), populate_existing=True) is None:
        raise invalid("assignee_id", "Must be a member of the project.")


def _tell_created(task: Task, actor: int) -> None:
    created = TaskCreated(
        **about(task),
        status=task.status,
        priority=task.priority,
        assignee_id=task.assignee_id,
        due_at=written(task.due_at),
        tags=task.tags,
        mentioned=newly_mentioned(task, task.description),
    )
    log.record(created, actor=actor)
    _tell_assigned(task, created.mentioned, actor)


def _tell_assigned(task: Task, mentioned: Sequence[int], actor: int) -> None:
    """Record that a task has a new assignee, if it has one, and whether they are mentioned, too."""
    if (person := task.assignee_id) is not None:
        both = [person] if person in mentioned else []
        log.record(TaskAssigned(**about(task), assignee_id=person, mentioned=both), actor=actor)


def update(task: Task, values: dict[str, Any], actor: Caller) -> Task:
    """Change a task; raises Unprocessable for an assignee who has no part in it."""
    values = _settled(values, task.due_zone)
    changes = {key: value for key, value in values.items() if getattr(task, key) != value}
    _check_assignee(task, changes.get("assignee_id"))
    _change(task, changes, actor.user_id)
    db.session.commit()
    return task


def _change(task: Task, changes: dict[str, Any], actor: int) -> None:
    """Write changes and their events into the open transaction."""
    if not changes:
        return
    if "status" in changes and "position" not in changes:
        changes |= {"position": board.end(task, changes["status"], actor)}
    if "tags" in changes:  # lists filter by rows with an index; the column is only shown
        db.session.execute(delete_rows(TaskTag).where(TaskTag.task_id == task.id))
        _add_tags(task, changes["tags"])
    before = task.description  # whom it mentions has been told
    for name, value in changes.items():
        setattr(task, name, value)
    told = {name: written(value) for name, value in changes.items()}
    new = newly_mentioned(task, task.description, before) if "description" in changes else []
    log.record(TaskUpdated(**about(task), changes=told, mentioned=new), actor=actor)
    if "assignee_id" in changes:
        _tell_assigned(task, new, actor)


def _add_tags(task: Task, tags: Sequence[str]) -> None:
    row = {"task_id": task.id, "board": board.number(task), "owner_id": task.owner_id}
    if tags:
        INSERT_TAGS.run_many(db.session.connection(), [row | {"tag": tag} for tag in tags])


def set_status(task_ids: Sequence[int], status: str, actor: Caller) -> list[Task]:
    """Give several tasks a status, all or none; raises NotFound, Forbidden."""
    # Rights to all of them first: if one may not be changed, the others stay as they are.
    tasks = access.load_all(Task, task_ids, actor, can=access.Right.WRITE)
    for task in tasks:
        # Those that have it already get no new version, nor an event.
        if task.status != status:
            _change(task, {"status": status}, actor.user_id)
    db.session.commit()
    return tasks


def move(
    task: Task,
    actor: Caller,
    *,
    before: int | None = None,
    after: int | None = None,
    status: str | None = None,
) -> Task:
    """Put a task before or after another one on its board, or at a column's end.

    Without a status it goes to the other one's column. Raises Unprocessable.
    """
    anchor = None
    if (key := before or after) is not None:
        pointer = "before" if before else "after"
        anchor = board.find_anchor(task, key, pointer, status)
    column = anchor.status if anchor else status or task.status
    position = board.place(task, column, anchor, actor.user_id, after=not before)
    wanted = {"status": column, "position": position}
    changes = {key: value for key, value in wanted.items() if getattr(task, key) != value}
    if "status" in changes:  # without a position it would go to the column's end
        changes["position"] = position
    _change(task, changes, actor.user_id)
    db.session.commit()
    return task


def delete(task: Task, actor: Caller) -> None:
    """Delete a task with its comments, many in parts; then it raises as `access.load`."""
    key = task.id
    # The comments were deleted in transactions of their own: in between the right may have been
    # lost.
    if clear_most(board.TASKS, key):
        task = access.load(Task, key, actor, can=access.Right.WRITE)
    log.record(TaskDeleted(**about(task)), actor=actor.user_id)
    db.session.delete(task)
    db.session.commit()
