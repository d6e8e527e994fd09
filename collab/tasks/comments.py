"""Comments on tasks: whoever may write says something, and changes only what they said."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from ..core.caller import Caller
from ..core.errors import Forbidden, NotFound
from ..core.lists.paging import Page, paginate
from ..events import log
from ..events.catalogue.tasks import TaskCommentDeleted, TaskCommented, TaskCommentEdited
from ..extensions import db
from ..projects import access
from .event_facts import about, excerpt, newly_mentioned
from .models import COMMENT_SORTS, Comment, Task

LIST_COLUMNS = (
    Comment.id,
    Comment.task_id,
    Comment.author_id,
    Comment.body,
    Comment.created_at,
    Comment.updated_at,
)


def create(task: Task, body: str, author: Caller) -> Comment:
    """Comment on a task."""
    comment = Comment(task_id=task.id, author_id=author.user_id, body=body)
    db.session.add(comment)
    db.session.flush()
    told: dict[str, Any] = {"excerpt": excerpt(body), "mentioned": newly_mentioned(task, body)}
    event = TaskCommented(**about(task), comment_id=comment.id, **told)
    log.record(event, actor=author.user_id)
    db.session.commit()
    return comment


def list_comments(task: Task, *, sort: str, **page: Any) -> Page:
    """Return a page of a task's comments."""
    return paginate(
        _listed(),
        columns=COMMENT_SORTS,
        sort=sort,
        key=Comment.id,
        item=lambda row: row,
        values={"task_id": task.id},
        **page,
    )


@cache
def _listed() -> Select[Any]:
    return select(*LIST_COLUMNS).where(Comment.task_id == bindparam("task_id"))  # type: ignore[return-value]


def load(task: Task, comment_id: int) -> Comment:
    """Return a task's comment; raises NotFound."""
    # Of this task: the right that was checked is to it, and to no other.
    query = select(Comment).where(Comment.id == comment_id, Comment.task_id == task.id)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound()
    return found


def load_to_edit(task_id: int, comment_id: int, actor: Caller) -> tuple[Task, Comment]:
    """Return a comment of the actor's own, if they may still write; raises NotFound, Forbidden."""
    task = access.load(Task, task_id, actor, can=access.Right.WRITE)
    comment = load(task, comment_id)
    if comment.author_id != actor.user_id:
        raise Forbidden("Only the author may change a comment.")
    return task, comment


def load_to_delete(task_id: int, comment_id: int, actor: Caller) -> tuple[Task, Comment]:
    """Return a comment for its author, or for whoever manages; raises NotFound, Forbidden."""
    task = access.load(Task, task_id, actor, can=access.Right.WRITE)
    comment = load(task, comment_id)
    manages = access.may(access.role_to(task, actor), access.Right.MANAGE)
    if comment.author_id != actor.user_id and not manages:
        raise Forbidden("Only the author or an owner may delete a comment.")
    return task, comment


def update(task: Task, comment: Comment, body: str | None, actor: Caller) -> Comment:
    """Change what a comment says."""
    if body is not None and body != comment.body:
        told: dict[str, Any] = {
            "excerpt": excerpt(body),
            # Against what it said before: whoever was named there has been told.
            "mentioned": newly_mentioned(task, body, comment.body),
        }
        comment.body = body
        event = TaskCommentEdited(**about(task), comment_id=comment.id, **told)
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return comment


def delete(task: Task, comment: Comment, actor: Caller) -> None:
    """Delete a comment."""
    event = TaskCommentDeleted(**about(task), comment_id=comment.id)
    log.record(event, actor=actor.user_id)
    db.session.delete(comment)
    db.session.commit()
