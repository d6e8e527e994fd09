"""What the rules ask the database, for many events at once, as it is at this moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from ..auth.models import Block, User
from ..events import log
from ..events.models import EventRow
from ..extensions import db
from ..jobs.models import Job
from ..posts.models import PUBLISHED, Post
from ..projects.models import Member
from ..tasks.models import Comment, Task
from .models import NotificationPreferences

#: What is inserted for one person, as the columns are called.
Draft = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What some events are about; what is not in here is gone."""

    #: id -> owner_id, assignee_id, project_id
    tasks: Mapping[int, Any]
    #: id -> owner_id, status
    posts: Mapping[int, Any]
    #: id -> owner_id, project_id
    jobs: Mapping[int, Any]
    comments: Collection[int]
    #: Task -> who commented on it, and by which comment first.
    talkers: Mapping[int, Sequence[tuple[int, int]]]
    #: Event -> who had asked for what the server did.
    askers: Mapping[int, int]

    @classmethod
    def of(cls, rows: Sequence[Any]) -> Facts:
        """Look up what events are about."""
        tasks, posts = _named(rows, "task_id"), _named(rows, "post_id")
        comments = _named(rows, "comment_id")
        talked = _named([row for row in rows if row.type == "task.commented"], "task_id")
        return cls(
            tasks=_by_id((Task.id, Task.owner_id, Task.assignee_id, Task.project_id), tasks),
            posts=_by_id((Post.id, Post.owner_id, Post.status), posts),
            jobs=_by_id((Job.id, Job.owner_id, Job.project_id), _named(rows, "job_id")),
            comments=_by_id((Comment.id,), comments),
            talkers=_talkers(talked),
            askers={row.id: asker for row in rows if (asker := _asker(row)) is not None},
        )

    def actor(self, row: Any) -> int | None:
        """Return who did it, if it was a person."""
        did: int | None = row.actor
        return self.askers.get(row.id, did)

    def about(self, row: Any) -> dict[str, int | None] | None:
        """Return what an event is about, as a notification's columns; None: it is gone."""
        word, data = row.type.split(".")[0], row.data
        if word == "task":
            return self._about_task(data)
        if word == "post":
            post = data["post_id"]
            return {"post_id": post} if post in self.posts else None
        if word == "job":
            job = self.jobs.get(data["job_id"])
            return {"job_id": job.id, "project_id": job.project_id} if job else None
        return {"project_id": data["project_id"]}

    def _about_task(self, data: dict[str, Any]) -> dict[str, int | None] | None:
        task, comment = self.tasks.get(data["task_id"]), data.get("comment_id")
        if task is None or (comment is not None and comment not in self.comments):
            return None
        return {"task_id": task.id, "project_id": task.project_id, "comment_id": comment}


def _named(rows: Iterable[Any], member: str) -> set[int]:
    return {row.data[member] for row in rows if member in row.data}


def _by_id(columns: tuple[Any, ...], keys: Collection[int]) -> dict[int, Any]:
    if not keys:
        return {}
    query = select(*columns).where(columns[0].in_(keys))
    return {row.id: row for row in db.session.execute(query)}


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


def _asker(row: Any) -> int | None:
    """Return who asked for a running job's end; the worker that ended it is nobody."""
    if row.type != "job.cancelled" or row.actor is not None:
        return None
    asked = EventRow.type == "job.cancel_requested"
    query = log.rows().where(EventRow.topic == row.topic, asked, EventRow.id < row.id)
    found = db.session.execute(query.order_by(EventRow.id.desc()).limit(1)).one_or_none()
    return found.actor if found else None


@dataclass(frozen=True)
class Readers:
    """Who may read what at this moment, and wants to."""

    facts: Facts
    people: Collection[int]
    members: Collection[tuple[int, int]]
    muted: Mapping[int, Collection[str]]
    #: Who has blocked whom.
    blocks: Collection[tuple[int, int]]

    @classmethod
    def of(cls, drafts: Sequence[Draft], facts: Facts) -> Readers:
        """Look up the people of some drafts."""
        people = {draft["user_id"] for draft in drafts}
        projects = {draft["project_id"] for draft in drafts} - {None}
        wanted, unwanted = NotificationPreferences.user_id, NotificationPreferences.muted
        known = select(User.id).where(User.id.in_(people), User.disabled_at.is_(None))
        pairs = select(Member.project_id, Member.user_id)
        pairs = pairs.where(Member.project_id.in_(projects), Member.user_id.in_(people))
        muted = select(wanted, unwanted).where(wanted.in_(people))
        actors = {draft["actor"] for draft in drafts} - {None}
        blocks = select(Block.user_id, Block.blocked_id)
        blocks = blocks.where(Block.user_id.in_(people), Block.blocked_id.in_(actors))
        return cls(
            facts=facts,
            people=set(db.session.scalars(known)),
            members={(one.project_id, one.user_id) for one in db.session.execute(pairs)},
            muted=dict(db.session.execute(muted).all()),
            blocks={(one.user_id, one.blocked_id) for one in db.session.execute(blocks)},
        )

    def want(self, draft: Draft) -> bool:
        """Return whether somebody may read what it is about, and wants to be notified."""
        person = draft["user_id"]
        if (person, draft["actor"]) in self.blocks or person not in self.people:
            return False
        return draft["kind"] not in self.muted.get(person, ()) and self._may_read(draft)

    def _may_read(self, draft: Draft) -> bool:
        """Look at the project's members, else at the owner; what is published all may read."""
        person = draft["user_id"]
        if draft["project_id"] is not None:
            return (draft["project_id"], person) in self.members
        if draft["post_id"] is not None:
            post = self.facts.posts[draft["post_id"]]
            return bool(post.status == PUBLISHED or post.owner_id == person)
        mine = self.facts.tasks.get(draft["task_id"]) or self.facts.jobs.get(draft["job_id"])
        return mine is not None and mine.owner_id == person
