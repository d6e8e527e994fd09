"""A database with as many rows of each kind as one likes, for alice, who is in all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, text

from collab.auth.models import Session, Ticket, User
from collab.auth.sessions import MAX_SESSIONS_KEPT
from collab.core.idempotency import Claim
from collab.core.lists import ordering
from collab.core.models import utcnow
from collab.events.models import EventRow
from collab.extensions import db
from collab.files.models import File
from collab.jobs.models import Attempt, Job, JobKey, LogLine
from collab.notifications.keeping import MAX_NOTIFICATIONS_KEPT
from collab.notifications.models import Notification
from collab.posts.models import Collection, Post
from collab.projects.models import Invitation, Member, Project
from collab.schedules.models import Schedule, ScheduleRun
from collab.tasks.models import Comment, Task, TaskTag
from collab.uploads.models import Upload
from collab.workspaces.models import Workspace

from ..support.people import Person, ok
from ..support.schedules import makes_schedule


@dataclass(frozen=True)
class Size:
    """How much there is of everything; of memberships and of events."""

    rows: int
    memberships: int
    events: int


#: The first id of rows made by the thousand; below are those that people made.
FIRST = 1000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

#: A row's fields, from its number.
Row = Callable[[int], dict[str, Any]]


def made_by_people(people: dict[str, Person]) -> dict[str, int]:
    """Make one of each kind by requests, and return their ids for addresses."""
    alice, bob = people["alice"], people["bob"]
    project = alice.makes_project(bob="collaborator", vera="viewer")
    task = alice.makes_task("Launch", project_id=project, tags=["red"])
    text_id = alice.makes_text(project, "print(1)\n")
    first = alice.writes()["id"]
    invited = ok(bob.post("/projects", {"name": "Bob's"}))["id"]
    invitation = bob.invites(invited, alice.email)
    return {
        "project": project,
        "user": bob.id,
        "task": task["id"],
        "comment": alice.comments(task["id"])["id"],
        "workspace": alice.makes_workspace(project),
        "file": text_id,
        "post": first,
        "collection": alice.collects(first),
        "upload": alice.uploads(project_id=project)["id"],
        "job": alice.submits(project_id=project)["id"],
        "schedule": makes_schedule(alice, "0 0 1 1 *", project_id=project)["id"],
        "invitation": invitation.get("id", 0),
        "bobs_project": invited,
    }


class Filling:
    """Fills a database to a size, so that each list of alice's is long in each way to ask."""

    def __init__(self, people: dict[str, Person], ids: dict[str, int], size: Size) -> None:
        self.alice, self.bob = people["alice"].id, people["bob"].id
        self.ids, self.size = ids, size
        self.now = utcnow()

    def fill(self) -> None:
        """Write all rows in one transaction."""
        with without_triggers():
            self._places()
            self._work()
            self._people()
            self._jobs()
            self._schedules()
            self._told()
        self._index()
        db.session.commit()

    def _add(self, model: Any, row: Row, count: int | None = None) -> None:
        table: Table = model.__table__
        rows = [row(number) for number in range(FIRST, FIRST + (count or self.size.rows))]
        db.session.connection().execute(insert(table), rows)

    def _member_of(self, number: int) -> int:
        """Return one of alice's projects: every other time the one that bob is in, too."""
        others = FIRST + number % self.size.memberships
        return others if number % 2 else self.ids["project"]

    def _places(self) -> None:
        project, workspace = self.ids["project"], self.ids["workspace"]
        many = self.size.memberships
        self._add(
            User,
            lambda n: {
                "id": n,
                "email": f"p{n}@example.com",
                "name": f"Person {n}",
                "password_hash": "-",
            },
            many,
        )
        self._add(Project, lambda n: {"id": n, "name": f"Project {n}"}, many)
        self._add(Project, lambda n: {"id": n + 10**6, "name": f"Bob's {n}"}, many)
        self._add(Member, lambda n: {"project_id": n, "user_id": self.alice, "role": "owner"}, many)
        self._add(Member, lambda n: {"project_id": project, "user_id": n, "role": "viewer"}, many)
        self._add(
            Member, lambda n: {"project_id": n + 10**6, "user_id": self.bob, "role": "owner"}, many
        )
        self._add(
            Invitation,
            lambda n: {
                "project_id": n + 10**6,
                "email": "alice@example.com",
                "role": "viewer",
                "invited_by": self.bob,
            },
            many,
        )
        self._add(
            Invitation,
            lambda n: {
                "project_id": project,
                "email": f"q{n}@example.com",
                "role": "viewer",
                "invited_by": self.alice,
            },
            many,
        )
        for place in (project, None):
            self._add(
                Workspace,
                lambda n, p=place: {"project_id": p or n, "name": f"Desk {n}", "settings": {}},
            )
        self._add(
            File,
            lambda n: {
                "id": n,
                "workspace_id": workspace,
                "project_id": project,
                "path": f"{n}.txt",
                "kind": "text",
                "content_type": "text/plain",
                "size": 10,
            },
        )

    def _work(self) -> None:
        project, task = self.ids["project"], self.ids["task"]
        positions = ordering.fresh(self.size.rows + 10)[10:]
        for at, place in enumerate((project, None)):
            self._add(
                Task,
                lambda n, p=place, at=at: {
                    "id": n + at * 10**6,
                    "title": f"Task {n}",
                    "owner_id": self.alice,
                    "project_id": p,
                    "assignee_id": self.bob if n % 2 else None,
                    "tags": ["red"],
                    "position": positions[n - FIRST],
                    "due_at": LONG_AGO + timedelta(minutes=n) if n % 3 else None,
                    "status": ("todo", "todo", "doing", "done")[n % 4],
                    "priority_rank": n % 4,
                },
            )
            self._add(
                TaskTag,
                lambda n, p=place, at=at: {
                    "task_id": n + at * 10**6,
                    "tag": "red",
                    "board": p or -self.alice,
                    "owner_id": self.alice,
                },
            )
        self._add(
            Task,
            lambda n: {
                "id": n + 2 * 10**6,
                "title": f"Other {n}",
                "owner_id": self.bob,
                "project_id": n,
                "position": positions[n - FIRST],
                "assignee_id": self.alice,
            },
        )
        self._add(Comment, lambda n: {"task_id": task, "author_id": self.bob, "body": "Hm."})
        for at, status in enumerate(("published", "draft")):
            self._add(
                Post,
                lambda n, s=status, at=at: {
                    "id": n + at * 10**6,
                    "owner_id": self.alice,
                    "title": f"Post {n}",
                    "body": "World",
                    "status": s,
                },
            )
        self._add(Collection, lambda n: {"owner_id": self.alice, "name": f"Reading {n}"})
        self._add(
            Upload,
            lambda n: {
                "id": n,
                "owner_id": self.alice,
                "project_id": project,
                "name": f"{n}.csv",
                "content_type": "text/csv",
                "size": 10,
                "sha256": f"{n:064d}",
            },
        )
        self._add(
            Upload,
            lambda n: {
                "owner_id": self.alice,
                "name": f"{n}.csv",
                "content_type": "text/csv",
                "size": 10,
                "sha256": f"{n + 10**6:064d}",
            },
        )

    def _people(self) -> None:
        later = self.now + timedelta(days=1)
        self._add(
            Session,
            lambda n: {
                "id": n,
                # A log-in ends what goes past the sessions that a person keeps.
                "user_id": self.alice if n < FIRST + MAX_SESSIONS_KEPT - 100 else n,
                "token_digest": f"{n:064d}",
                "user_agent": "x",
                "address": "::1",
                "expires_at": later,
            },
        )
        self._add(
            Ticket,
            lambda n: {
                "digest": f"{n:064d}",
                "session_id": n,
                "expires_at": later,
                "token_expires": later,
            },
        )
        self._add(
            Claim,
            lambda n: {
                "scope": f"user:{self.alice}",
                "route": "/x",
                "key": f"{n}",
                "fingerprint": "-",
                "state": "done",
                "leased_until": self.now,
                "created_at": self.now,
            },
        )

    def _jobs(self) -> None:
        project, job = self.ids["project"], self.ids["job"]
        common = {"type": "test_echo", "payload": {"value": 1}, "timeout_s": 60, "max_attempts": 1}
        for at, (place, status) in enumerate(
            ((project, "succeeded"), (None, "succeeded"), (project, "queued"), (None, "queued"))
        ):
            self._add(
                Job,
                lambda n, p=place, s=status, at=at: (
                    common
                    | {"id": n + at * 10**6, "owner_id": self.alice, "project_id": p, "status": s}
                    | {"schedule_id": n % 7 or None}
                ),
            )
        self._add(LogLine, lambda n: {"job_id": job, "attempt": 1, "stream": "log", "text": f"{n}"})
        self._add(Attempt, lambda n: {"job_id": job, "number": n, "outcome": "failed"})
        self._add(
            JobKey,
            lambda n: {
                "owner_id": self.alice,
                "type": "test_echo",
                "key": f"{n}",
                "fingerprint": "-",
                "job_id": n,
            },
        )

    def _schedules(self) -> None:
        """Fill the lists with what is due in a year, and the history of one."""
        project, schedule = self.ids["project"], self.ids["schedule"]
        common = {"type": "test_echo", "payload": {"value": 1}, "cron": "0 0 1 1 *", "name": "Beat"}
        common |= {"time_zone": "UTC", "missed": "once", "overlap": "skip"}
        later = self.now + timedelta(days=300)
        for at, place in enumerate((project, None)):
            self._add(
                Schedule,
                lambda n, p=place, at=at: (
                    common
                    | {"id": n + at * 10**6, "owner_id": self.alice, "project_id": p}
                    | {"next_at": later, "status": "active"}
                ),
            )
        self._add(
            ScheduleRun,
            lambda n: {
                "schedule_id": schedule,
                "nominal_at": self.now - timedelta(minutes=n),
                "job_id": n,
                "status": "succeeded",
                "finished_at": self.now,
            },
        )

    def _told(self) -> None:
        project, task = self.ids["project"], self.ids["task"]
        self._add(
            EventRow,
            lambda n: {
                "id": n,
                "topic": f"project:{self._member_of(n)}",
                "type": "task.created",
                "actor": self.alice if n % 3 else self.bob,
                "project_id": self._member_of(n),
                "data": {"task_id": task, "title": "x", "status": "todo"},
            },
            self.size.events,
        )
        for at, read in enumerate((None, self.now)):
            self._add(
                Notification,
                lambda n, r=read, at=at: {
                    "user_id": self.alice,
                    "kind": "mentioned",
                    "event_id": n + at * 10**6,
                    "project_id": project,
                    "task_id": task,
                    "actor": self.bob,
                    "data": {},
                    "read_at": r,
                },
                min(self.size.rows, MAX_NOTIFICATIONS_KEPT // 2),
            )

    def _index(self) -> None:
        """Let searches find tasks and posts; all the others have nothing to add to it."""
        for touch in (
            "UPDATE tasks SET title = title WHERE id < 1000000",
            "UPDATE posts SET title = title WHERE id < 1000000",
        ):
            db.session.execute(text(touch))


@contextmanager
def without_triggers() -> Iterator[None]:
    """Leave the full-text index alone meanwhile: it would take most of the time."""
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = db.session.execute(text(found)).all()
    connection = db.session.connection()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)
