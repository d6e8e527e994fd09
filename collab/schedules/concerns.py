"""Whom the events of schedules concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..events.concerns import Family, Rule, by_id, keys
from ..frozen import frozen
from .models import Schedule

STOPPED_PHRASES = {
    "requested": "was paused by an admin",
    "failures": "was paused, after very many failures in a row",
    "type_gone": "was paused: nothing here runs jobs of its type any more",
    "role_lost": "has ended: you may not make jobs in that project any more",
    "account_disabled": "was paused, as your account was disabled",
}


@frozen
class ScheduleFacts:
    """The subjects of some events; what is missing here has been deleted."""

    #: id -> owner_id, project_id
    schedules: Mapping[int, Any]


def _owner(row: Any, facts: ScheduleFacts) -> tuple[int]:
    return (facts.schedules[row.data["schedule_id"]].owner_id,)


def _owner_at_first(row: Any, facts: ScheduleFacts) -> tuple[int, ...]:
    """Name the owner when it begins to fail, and not again until it has recovered."""
    return _owner(row, facts) if row.data["failures"] == 1 else ()


def _owner_unless_asked(row: Any, facts: ScheduleFacts) -> tuple[int, ...]:
    """Name the owner, unless somebody has paused it in a project: that is seen where it happens.

    Of somebody's own only they and admins can, and nobody is notified of their own act.
    """
    shared = facts.schedules[row.data["schedule_id"]].project_id is not None
    return () if shared and row.data["reason"] == "requested" else _owner(row, facts)


def _sentence(row: Any) -> str:
    told, name = row.data, f"Your schedule “{row.schedule_name}”"
    if "reason" in told:
        return f"{name} {STOPPED_PHRASES.get(told['reason'], 'was paused')}."
    what = f"job {told['job_id']} did not succeed" if told.get("job_id") else "no job could be made"
    return f"{name} fails: {what}."


class ScheduleEvents(Family):
    """People are notified of a schedule that begins to fail, and of one that stops by itself."""

    word = subject = "schedule"
    rules = {
        "schedule.run_failed": (Rule("schedule_failed", _owner_at_first),),
        "schedule.paused": (Rule("schedule_failed", _owner_unless_asked),),
        "schedule.ended": (Rule("schedule_failed", _owner),),
    }
    sentences = {"schedule_failed": _sentence}

    @property
    def shown(self) -> Any:
        """Return the schedule's name."""
        return Schedule.name

    def look_up(self, rows: Sequence[Any]) -> ScheduleFacts:
        """Look up the schedules."""
        columns = (Schedule.id, Schedule.owner_id, Schedule.project_id)
        return ScheduleFacts(by_id(columns, keys(rows, "schedule_id")))

    def about(self, row: Any, facts: ScheduleFacts) -> dict[str, int | None] | None:
        """Return the schedule and its project."""
        found = facts.schedules.get(row.data["schedule_id"])
        return {"schedule_id": found.id, "project_id": found.project_id} if found else None

    def data(self, row: Any) -> dict[str, Any]:
        """Return what failed, or why it stopped."""
        names = ("schedule_id", "job_id", "error", "reason")
        return {name: row.data[name] for name in names if name in row.data}

    def may_read(self, key: int, user_id: int, facts: ScheduleFacts) -> bool:
        """Return whether the schedule is theirs."""
        return bool(facts.schedules[key].owner_id == user_id)
