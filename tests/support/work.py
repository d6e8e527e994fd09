"""What tests of the jobs engine look at: jobs as people see them, their attempts and words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask

from .history import rows
from .people import Person, ok


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
