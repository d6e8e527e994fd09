"""What tests of the jobs engine look at: jobs as people see them, their attempts and words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask

from collab.auth.models import User
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.extensions import db
from collab.jobs import registry, service
from collab.jobs.service import Order

from .history import rows
from .people import Person, ok


def caller_of(user_id: int) -> Caller:
    """Return somebody as services know them; the account may be made up."""
    return Caller(user_id, 1, "x", "x@example.com", False, utcnow())


def enqueues(
    app: Flask, user_id: int, *values: Any, kind: str = "test_echo", **more: Any
) -> list[int]:
    """Submit many jobs of somebody at once, with these values, and return their ids."""
    with app.app_context():
        orders = [
            Order(type=registry.require(kind), payload={"value": value}, **more) for value in values
        ]
        made = [job.id for job in service.enqueue_all(orders, caller_of(user_id))]
        db.session.commit()
    return made


def people(app: Flask, count: int) -> list[int]:
    """Make accounts that nobody signs in to, and return their ids."""
    with app.app_context():
        made = [
            User(email=f"{number}@example.com", name="x", password_hash="")
            for number in range(count)
        ]
        db.session.add_all(made)
        db.session.commit()
        return [one.id for one in made]


def instant(text: str) -> datetime:
    """Read a time as the API writes it."""
    return datetime.fromisoformat(text)


def seen(person: Person, job_id: int) -> dict[str, Any]:
    """Return a job as somebody sees it."""
    found: dict[str, Any] = ok(person.get(f"/jobs/{job_id}"))
    return found


def status(person: Person, job_id: int) -> str:
    return str(seen(person, job_id)["status"])


def statuses(person: Person, *job_ids: int) -> list[str]:
    return [status(person, job_id) for job_id in job_ids]


def attempts(person: Person, job_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(person.get(f"/jobs/{job_id}/attempts"))["items"]
    return found


def outcomes(person: Person, job_id: int) -> list[str]:
    """Return how a job's attempts ended, the first one first."""
    return [one["outcome"] for one in attempts(person, job_id)]


def lines(person: Person, job_id: int, **query: Any) -> list[dict[str, Any]]:
    """Return a page of what a job's runs wrote."""
    found: list[dict[str, Any]] = ok(person.get(f"/jobs/{job_id}/log", params=query))["items"]
    return found


def kinds(app: Flask, job_id: int) -> list[str]:
    """Return the types of a job's events, in their order."""
    return [row.type for row in rows(app, f"job:{job_id}")]
