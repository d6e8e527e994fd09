"""Whom the events of tasks concern."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ..core.text import times
from ..core.text.zones import zones
from ..events.concerns import Family, Rule, by_id, keys, member, mentioned, who
from ..extensions import db
from ..frozen import frozen
from .models import Comment, Task


@frozen
class TaskFacts:
    """The subjects of some events; what is missing here is gone."""

    #: id -> owner_id, assignee_id, project_id
    tasks: Mapping[int, Any]
    comments: Collection[int]
    #: Task -> who commented on it, and by which comment first.
    talkers: Mapping[int, Sequence[tuple[int, int]]]


def _concerned(row: Any, facts: TaskFacts) -> Iterable[int | None]:
    """Name a task's owner, its assignee, and who commented before."""
    task, this = facts.tasks[row.data["task_id"]], row.data["comment_id"]
    talkers = (author for author, first in facts.talkers[task.id] if first < this)
    return (task.owner_id, task.assignee_id, *talkers)


def _responsible(row: Any, facts: TaskFacts) -> Iterable[int]:
    return (row.data["assignee_id"] or row.data["owner_id"],)


def _mentioned(row: Any) -> str:
    place = "a comment on " if row.comment_id else ""
    return f"{who(row)} mentioned you in {place}“{row.task_title}”."


def _due_soon(row: Any) -> str:
    """Say when a task is due, in the zone that its date was meant in."""
    due, zone = datetime.fromisoformat(row.data["due_at"]), row.data.get("due_zone", "UTC")
    local = due.astimezone(ZoneInfo(zone)) if zone in zones() else due
    place = f" ({zone})" if local is not due and zone != "UTC" else " UTC"
    verb = "is" if due >= row.created_at else "was"
    others = row.data.get("others", 0)
    more = f", and {others} more of your tasks are due or overdue" if others else ""
    return f"“{row.task_title}” {verb} due at {local:%Y-%m-%d %H:%M}{place}{more}."


def _mentioned_only(row: Any, facts: TaskFacts) -> set[int]:
    """Name the people a text mentions, except the new assignee: `task.assigned` covers both."""
    changes = row.data.get("changes", row.data)
    return set(mentioned(row, facts)) - {changes.get("assignee_id")}


MENTIONED_RULE = Rule("mentioned", mentioned)
MENTIONED_ONLY_RULE = Rule("mentioned", _mentioned_only)


class TaskEvents(Family):
    """People are notified of their own tasks, and of comments that concern them."""

    word = subject = "task"
    rules = {
        "task.assigned": (Rule("assigned", member("assignee_id")), MENTIONED_RULE),
        "task.created": (MENTIONED_ONLY_RULE,),
        "task.updated": (MENTIONED_ONLY_RULE,),
        "task.commented": (MENTIONED_RULE, Rule("commented", _concerned)),
        "task.comment_edited": (MENTIONED_RULE,),
        "task.reminded": (Rule("due_soon", _responsible),),
    }
    sentences = {
        "assigned": lambda row: f"{who(row)} assigned “{row.task_title}” to you.",
        "mentioned": _mentioned,
        "commented": lambda row: f"{who(row)} commented on “{row.task_title}”.",
        "due_soon": _due_soon,
    }

    @property
    def shown(self) -> Any:
        """Return the task's title."""
        return Task.title

    def look_up(self, rows: Sequence[Any]) -> TaskFacts:
        """Look up tasks, comments, and who commented before."""
        columns = (Task.id, Task.owner_id, Task.assignee_id, Task.project_id)
        talked = keys((row for row in rows if row.type == "task.commented"), "task_id")
        return TaskFacts(
            tasks=by_id(columns, keys(rows, "task_id")),
            comments=by_id((Comment.id,), keys(rows, "comment_id")),
            talkers=_talkers(talked),
        )

    def about(self, row: Any, facts: TaskFacts) -> dict[str, int | None] | None:
        """Return the task, its project and the comment."""
        task, comment = facts.tasks.get(row.data["task_id"]), row.data.get("comment_id")
        if task is None or (comment is not None and comment not in facts.comments):
            return None
        return {"task_id": task.id, "project_id": task.project_id, "comment_id": comment}

    def data(self, row: Any) -> dict[str, Any]:
        """Return when it is due, or which comment it is."""
        if row.type == "task.reminded":
            due = datetime.fromisoformat(row.data["due_at"]).astimezone(UTC)
            told = {name: row.data[name] for name in ("due_zone", "others") if name in row.data}
            return {"due_at": times.write(due)} | told
        return {"comment_id": row.data["comment_id"]} if "comment_id" in row.data else {}

    def may_read(self, key: int, user_id: int, facts: TaskFacts) -> bool:
        """Return whether the task is theirs."""
        return bool(facts.tasks[key].owner_id == user_id)


def _talkers(tasks: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {key: [] for key in tasks}
    if tasks:
        query = select(Comment.task_id, Comment.author_id, func.min(Comment.id))
        query = query.where(Comment.task_id.in_(tasks))
        for task, author, first in db.session.execute(
            query.group_by(Comment.task_id, Comment.author_id)
        ):
            found[task].append((author, first))
    return found
