"""What a report says, counted by the database: one function and one dataclass a section."""

from __future__ import annotations

from datetime import date, datetime
from heapq import nsmallest
from typing import Any

from sqlalchemy import String, case, cast, func, select

from ..auth.models import User
from ..core.words.sorting import sort_key
from ..events.models import EventRow, LogState
from ..frozen import frozen
from ..projects.models import COLLABORATOR, OWNER, VIEWER, Member, Project
from ..workspaces.models import Workspace
from .scope import Query, Scope

#: Types of events that a report names; the rest is counted.
MAX_TYPES_SHOWN = 12
#: People that it names, likewise.
MAX_PEOPLE_SHOWN = 10
#: Rows of its lists, likewise.
MAX_ROWS_LISTED = 100


@frozen
class ProjectFacts:
    """The project itself."""

    id: int
    name: str
    description: str
    created_at: datetime


def project(scope: Scope) -> ProjectFacts | None:
    """Return the project, or None if it is gone."""
    query = select(Project.id, Project.name, Project.description, Project.created_at)
    row = scope.connection.execute(query.where(Project.id == scope.project_id)).one_or_none()
    return ProjectFacts(*row) if row else None


@frozen
class Activity:
    """The number of events on each day of the period."""

    days: list[tuple[date, int]]
    #: Where the log begins, if that is within the period: earlier events have been pruned.
    kept_since: datetime | None

    @property
    def total(self) -> int:
        """Return the number of all events."""
        return sum(count for _, count in self.days)

    @property
    def average(self) -> float:
        """Return the events of a day, on average."""
        return self.total / len(self.days)

    @property
    def busiest(self) -> tuple[date, int]:
        """Return the day with the most events, the first of several."""
        return max(self.days, key=lambda day: day[1])


def activity(scope: Scope) -> Activity:
    """Count the events of each day; days without any count 0."""
    day = func.substr(cast(EventRow.time, String), 1, 10)  # half the time of SQLite's date()
    counts = dict(scope.rows(scope.events(day, func.count()).group_by(day)))
    days = [(one, counts.get(one.isoformat(), 0)) for one in scope.period.days]
    return Activity(days, _kept_since(scope))


def _kept_since(scope: Scope) -> datetime | None:
    if not scope.connection.scalar(select(LogState.pruned_through)):
        return None
    oldest = select(EventRow.time).order_by(EventRow.id).limit(1)
    since: datetime = scope.connection.scalar(oldest) or scope.period.end
    return since if since > scope.period.start else None


@frozen
class Types:
    """The most frequent types of events, and the total of the others."""

    shown: list[tuple[str, int]]
    #: Of all events, the shown ones included.
    total: int
    other_types: int

    @property
    def other_events(self) -> int:
        """Return the number of events of types that are not shown."""
        return self.total - sum(count for _, count in self.shown)


def types(scope: Scope) -> Types:
    """Count the events of each type, the most frequent first."""
    rows = scope.rows(_ranked(scope, EventRow.type, MAX_TYPES_SHOWN))
    shown = [(row.key, row.events) for row in rows]
    if not rows:
        return Types(shown, 0, 0)
    return Types(shown, int(rows[0].total), rows[0].groups - len(rows))


def _ranked(scope: Scope, key: Any, limit: int, *columns: Any) -> Query:
    """Return the query for the keys with the most events, with the sums over all keys."""
    count = func.count().label("events")
    groups, total = func.count().over().label("groups"), func.sum(func.count()).over()
    query = scope.events(key.label("key"), count, groups, total.label("total"), *columns)
    return query.group_by(key).order_by(count.desc(), key.nulls_first()).limit(limit)


@frozen
class Person:
    """Somebody who caused events.

    Without `user_id` it is the service itself, without `name` the account is gone; `role` is None
    for people who are not members.
    """

    user_id: int | None
    name: str | None
    role: str | None
    events: int
    last: datetime

    @property
    def label(self) -> str:
        """Return what to call the person."""
        if self.user_id is None:
            return "The service"
        return self.name or f"Deleted account {self.user_id}"


@frozen
class People:
    """The most active people, and how many others there are."""

    shown: list[Person]
    #: All people with an event, the shown ones included; the service is none.
    active: int

    @property
    def others(self) -> int:
        """Return the number of people who are not shown."""
        return self.active - sum(one.user_id is not None for one in self.shown)


def people(scope: Scope) -> People:
    """Count the events of each person, the most active first."""
    last = func.max(EventRow.time).label("last")
    active = func.count(EventRow.actor).over().label("active")  # of groups: all but NULL's
    rows = scope.rows(_ranked(scope, EventRow.actor, MAX_PEOPLE_SHOWN, last, active))
    known = _known(scope, [row.key for row in rows])
    shown = [_person(row, known) for row in rows]
    return People(shown, rows[0].active if rows else 0)


def _person(row: Any, known: dict[int, tuple[str, str | None]]) -> Person:
    name, role = known.get(row.key, (None, None))
    return Person(row.key, name, role, row.events, row.last)


def _known(scope: Scope, user_ids: list[int | None]) -> dict[int, tuple[str, str | None]]:
    """Return name and role in the project for those accounts that still exist."""
    member = (Member.user_id == User.id) & (Member.project_id == scope.project_id)
    query = select(User.id, User.name, Member.role).outerjoin(Member, member)
    rows = scope.rows(query.where(User.id.in_([key for key in user_ids if key is not None])))
    return {row.id: (row.name, row.role) for row in rows}


@frozen
class Members:
    """The members: how many of each role, and the first of them by name."""

    roles: dict[str, int]
    #: Name, role, and since when.
    listed: list[tuple[str, str, datetime]]

    @property
    def total(self) -> int:
        """Return the number of all members."""
        return sum(self.roles.values())

    @property
    def others(self) -> int:
        """Return the number of those who are not listed."""
        return self.total - len(self.listed)


def members(scope: Scope) -> Members:
    """List the members, owners first."""
    rank = case({OWNER: 0, COLLABORATOR: 1, VIEWER: 2}, value=Member.role, else_=3)
    mine = Member.project_id == scope.project_id
    counts = select(Member.role, func.count()).where(mine).group_by(Member.role).order_by(rank)
    everybody = select(rank, User.name, User.id, Member.role, Member.created_at)
    everybody = everybody.join(User, Member.user_id == User.id).where(mine)
    rows = scope.connection.execute(everybody)
    # Not by the database: PostgreSQL has no function of ours that folds names.
    listed = nsmallest(MAX_ROWS_LISTED, rows, key=lambda one: (one[0], sort_key(one[1]), one[2]))
    roles = dict(scope.rows(counts))
    return Members(roles, [(name, role, since) for _, name, _, role, since in listed])


@frozen
class Workspaces:
    """The workspaces: how many, and the first of them by name."""

    total: int
    #: Name, when it was made, and its events in the period.
    listed: list[tuple[str, datetime, int]]

    @property
    def others(self) -> int:
        """Return the number of those that are not listed."""
        return self.total - len(self.listed)


def workspaces(scope: Scope) -> Workspaces:
    """List the workspaces, each with the events on its own topic."""
    mine = Workspace.project_id == scope.project_id
    total = scope.connection.scalar(select(func.count()).select_from(Workspace).where(mine)) or 0
    query = select(Workspace.id, Workspace.name, Workspace.created_at).where(mine)
    rows = scope.rows(query.order_by(Workspace.name_key, Workspace.id).limit(MAX_ROWS_LISTED))
    counts = _on_topics(scope, [f"workspace:{row.id}" for row in rows])
    listed = [(row.name, row.created_at, counts.get(f"workspace:{row.id}", 0)) for row in rows]
    return Workspaces(total, listed)


def _on_topics(scope: Scope, topics: list[str]) -> dict[str, int]:
    query = select(EventRow.topic, func.count()).where(EventRow.topic.in_(topics))
    rows = scope.rows(scope.within(query).group_by(EventRow.topic))
    return dict(rows)
