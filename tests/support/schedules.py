"""Schedules for the tests, and a timekeeper whose clock a test sets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import update

from collab.extensions import db
from collab.schedules.attending import reckon
from collab.schedules.models import Schedule
from collab.schedules.timekeeper import Timekeeper

from .jobs import Clock, Desk
from .people import Person, ok


def makes_schedule(person: Person, cron: str = "* * * * *", value: Any = None, **more: Any) -> Any:
    """Make a schedule of one of the tests' types of jobs, and return it."""
    body = {"name": "Beat", "type": "test_echo", "payload": {"value": value}, "cron": cron}
    return ok(person.post("/schedules", body | more))


def shows(person: Person, schedule: int) -> Any:
    return ok(person.get(f"/schedules/{schedule}"))


def runs_of(person: Person, schedule: int, **query: Any) -> list[Any]:
    """Return the history, oldest first."""
    params = {"sort": "id", "limit": 100} | query
    found: list[Any] = ok(person.get(f"/schedules/{schedule}/runs", params=params))["items"]
    return found


def statuses(person: Person, schedule: int) -> list[str]:
    return [run["status"] for run in runs_of(person, schedule)]


def jobs_of(person: Person, schedule: int) -> list[Any]:
    """Return the jobs that a schedule made, oldest first."""
    params = {"schedule_id": schedule, "sort": "id", "limit": 100}
    found: list[Any] = ok(person.get("/jobs", params=params))["items"]
    return found


class Hours:
    """A timekeeper and, on the same clock, a worker: `hours.minutes(3)` lets three pass."""

    def __init__(self, app: Flask, desk: Desk) -> None:
        self.app, self.clock, self.desk = app, desk.clock, desk
        # In the middle of a minute: a second more or less is none of a test's business.
        self.clock.wall = self.clock.wall.replace(second=30, microsecond=0)
        self.keeper = keeper(app, self.clock)

    def makes(self, person: Person, *arguments: Any, **more: Any) -> int:
        """Make a schedule, as if by this clock: what is due next is reckoned by it."""
        made = int(makes_schedule(person, *arguments, **more)["id"])
        with self.app.app_context():
            reckon(db.session.get_one(Schedule, made), self.now)
            db.session.commit()
        return made

    def sets(self, schedule: int, **values: Any) -> None:
        """Change a row as no request can."""
        with self.app.app_context():
            db.session.execute(update(Schedule).where(Schedule.id == schedule).values(**values))
            db.session.commit()

    def tick(self) -> None:
        self.keeper.tick()

    def work(self) -> None:
        """Run the jobs that there are, and take note of it."""
        self.desk.work()
        self.keeper.tick()

    def passes(self, seconds: float) -> None:
        """Let time pass, while nobody looks, and look."""
        self.clock.passes(seconds)
        self.keeper.tick()

    def minutes(self, count: int) -> None:
        """Let minutes pass one by one, the jobs of each being run."""
        for _ in range(count):
            self.passes(60)
            self.work()

    @property
    def now(self) -> datetime:
        return self.clock.wall


def keeper(app: Flask, clock: Clock) -> Timekeeper:
    """Return a timekeeper on a clock that a test sets; no thread runs."""
    return Timekeeper(app, clock=clock.now, monotonic=clock.monotonic)
