"""The table of who is notified of what, and which kind of notification that is.

Nobody is notified of their own act, nobody twice of one event (the first rule that names them
counts), and nobody of what they may not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .facts import Draft, Facts

#: Names the people whom an event concerns.
People = Callable[[Any, Facts], Iterable[int | None]]


@dataclass(frozen=True)
class Rule:
    """Whom an event concerns, and the kind of notification that they get."""

    kind: str
    people: People


def _named(member: str) -> People:
    return lambda row, _: (row.data[member],)


def _mentioned(row: Any, facts: Facts) -> Iterable[int]:
    mentioned: list[int] = row.data["mentioned"]
    return mentioned


def _concerned(row: Any, facts: Facts) -> Iterable[int | None]:
    """Name a task's owner, its assignee, and who commented before."""
    task, this = facts.tasks[row.data["task_id"]], row.data["comment_id"]
    talkers = (author for author, first in facts.talkers[task.id] if first < this)
    return (task.owner_id, task.assignee_id, *talkers)


def _job_owner(row: Any, facts: Facts) -> Iterable[int]:
    return (facts.jobs[row.data["job_id"]].owner_id,)


def _owner_of_cancelled(row: Any, facts: Facts) -> Iterable[int]:
    """Name the owner, if it is known that somebody cancelled the job."""
    return () if facts.actor(row) is None else _job_owner(row, facts)


def _responsible(row: Any, facts: Facts) -> Iterable[int]:
    return (row.data["assignee_id"] or row.data["owner_id"],)


MENTIONED_RULE = Rule("mentioned", _mentioned)
FINISHED_RULE = Rule("job_finished", _job_owner)

RULES: dict[str, tuple[Rule, ...]] = {
    "member.added": (Rule("invited", _named("user_id")),),
    "member.role_changed": (Rule("role_changed", _named("user_id")),),
    "task.assigned": (Rule("assigned", _named("assignee_id")),),
    "task.created": (MENTIONED_RULE,),
    "task.updated": (MENTIONED_RULE,),
    "task.commented": (MENTIONED_RULE, Rule("commented", _concerned)),
    "task.comment_edited": (MENTIONED_RULE,),
    "task.reminded": (Rule("due_soon", _responsible),),
    "post.created": (MENTIONED_RULE,),
    "post.updated": (MENTIONED_RULE,),
    "post.published": (MENTIONED_RULE,),
    "job.succeeded": (FINISHED_RULE,),
    "job.failed": (FINISHED_RULE,),
    "job.died": (FINISHED_RULE,),
    "job.cancelled": (Rule("job_finished", _owner_of_cancelled),),
}

#: Withdraws the notifications about a post, until it is published again.
POST_UNPUBLISHED = "post.unpublished"

NO_SUBJECT = dict.fromkeys(("project_id", "task_id", "comment_id", "post_id", "job_id"))


def drafts(rows: Sequence[Any], facts: Facts) -> Iterator[Draft]:
    """Make of each event what the rules say, one for a person, whether they may read it or not."""
    for row in rows:
        about = facts.about(row)
        if about is None:
            continue
        actor = facts.actor(row)
        told = {actor, None}
        common = NO_SUBJECT | about | {"event_id": row.id, "actor": actor, "data": _data(row)}
        for rule in RULES.get(row.type, ()):
            people = set(rule.people(row, facts)) - told
            told |= people
            for person in sorted(filter(None, people)):
                yield common | {"user_id": person, "kind": rule.kind, "created_at": row.time}


def _data(row: Any) -> dict[str, Any]:
    """Return the facts of an event that are not in what it is about."""
    word, _, what = row.type.partition(".")
    if word == "member":
        return {"role": row.data["role"]}
    if word == "job":
        return {"job_id": row.data["job_id"], "outcome": what}
    if what == "reminded":
        due = datetime.fromisoformat(row.data["due_at"]).astimezone(UTC)
        return {"due_at": due.isoformat().replace("+00:00", "Z")}
    return {"comment_id": row.data["comment_id"]} if "comment_id" in row.data else {}
