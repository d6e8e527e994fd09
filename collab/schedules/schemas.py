"""What schedules look like on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ..core.fields.zone import zone
from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, JsonObject, Schema, Time, WholeNumber, identifier, line
from ..jobs.schemas import ErrorOut, TypedPayload
from .models import (
    MAX_NAME_LENGTH,
    MISSED_POLICIES,
    ONCE,
    OVERLAP_POLICIES,
    REASONS,
    RUN_SORTS,
    RUN_STATUSES,
    SCHEDULE_SORTS,
    SHOWN_RUNS,
    SKIP,
    SKIP_REASONS,
    STATUSES,
)
from .timetable import MAX_CRON_LENGTH

ZONE_MEANING = "The time zone (IANA database) whose clock the expression means."
CRON_MEANING = (
    "Minute, hour, day of the month, month and day of the week, or a name such as @daily. Where "
    "the minute or hour begins with `*` it is due whenever the clock matches; otherwise once at "
    "each of its times, even where the clock shows that time twice or jumps over it."
)
MISSED_MEANING = (
    "What is done with times that passed while nothing could run: `skip`, run `once` for all of "
    "them, or `all` (the newest 24, one after another)."
)
OVERLAP_MEANING = (
    "What is done when a run is due and the one before has not ended: `skip` it, `queue` it, or "
    "`cancel` the one before."
)
#: Runs to come that a preview shows.
MAX_PREVIEWED = 50


def _cron(**options: Any) -> fields.String:
    metadata = {"description": CRON_MEANING, "example": "30 8 * * 1-5"}
    return fields.String(validate=validate.Length(1, MAX_CRON_LENGTH), metadata=metadata, **options)


def _one_of(choices: tuple[str, ...], meaning: str, **options: Any) -> fields.String:
    return fields.String(
        validate=validate.OneOf(choices), metadata={"description": meaning}, **options
    )


ALIASES = {
    "projectId": "project_id",
    "timeZone": "time_zone",
    "maxAttempts": "max_attempts",
    "timeoutS": "timeout_s",
}


class ScheduleIn(TypedPayload):
    """A job to be made again and again; `type` and `payload` are as in POST /jobs."""

    example = {
        "name": "Morning report",
        "type": "code_execution",
        "payload": {"language": "python", "code": "print('Good morning')"},
        "cron": "30 8 * * 1-5",
        "time_zone": "Europe/Paris",
    }
    aliases = ALIASES
    name = line(MAX_NAME_LENGTH, required=True)
    type = fields.String(required=True)
    payload = fields.Dict(
        load_default=dict,
        metadata={"example": {"language": "python", "code": "print('Good morning')"}},
    )
    project_id = identifier(load_default=None, allow_none=True)
    cron = _cron(required=True)
    time_zone = zone(ZONE_MEANING, load_default="UTC")
    missed = _one_of(MISSED_POLICIES, MISSED_MEANING, load_default=ONCE)
    overlap = _one_of(OVERLAP_POLICIES, OVERLAP_MEANING, load_default=SKIP)
    priority = WholeNumber(load_default=0, validate=validate.Range(-100, 100))
    max_attempts = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1, 20))
    timeout_s = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1, 3600))


class SchedulePatch(Schema):
    """What changes of a schedule; the type of its jobs and its project stay."""

    example = {"cron": "0 9 * * *", "time_zone": "Europe/Paris"}
    aliases = ALIASES
    name = line(MAX_NAME_LENGTH)
    payload = fields.Dict(
        metadata={"example": {"language": "python", "code": "print('Good evening')"}}
    )
    cron = _cron()
    time_zone = zone(ZONE_MEANING)
    missed = _one_of(MISSED_POLICIES, MISSED_MEANING)
    overlap = _one_of(OVERLAP_POLICIES, OVERLAP_MEANING)
    priority = WholeNumber(validate=validate.Range(-100, 100))
    max_attempts = WholeNumber(allow_none=True, validate=validate.Range(1, 20))
    timeout_s = WholeNumber(allow_none=True, validate=validate.Range(1, 3600))


class ScheduleOut(Schema):
    """A schedule, as lists show it."""

    example = {
        "name": "Morning report",
        "type": "code_execution",
        "cron": "30 8 * * 1-5",
        "time_zone": "Europe/Paris",
        "description": "At 08:30 on Monday through Friday",
        "missed": "once",
        "overlap": "skip",
        "priority": 0,
        "max_attempts": None,
        "timeout_s": None,
        "status": "active",
        "reason": None,
        "next_at": "2026-03-02T07:30:00Z",
        "failures": 0,
        "withheld": False,
    }
    id = fields.Integer(required=True)
    name = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where it is withheld."}
    )
    type = fields.String(required=True)
    owner_id = fields.Integer(
        required=True, metadata={"description": "In whose name its jobs run."}
    )
    project_id = fields.Integer(required=True, allow_none=True)
    cron = fields.String(required=True)
    time_zone = fields.String(required=True)
    description = fields.String(
        required=True, metadata={"description": "When it is due, in English words."}
    )
    missed = fields.String(required=True, validate=validate.OneOf(MISSED_POLICIES))
    overlap = fields.String(required=True, validate=validate.OneOf(OVERLAP_POLICIES))
    priority = fields.Integer(required=True)
    max_attempts = fields.Integer(required=True, allow_none=True)
    timeout_s = fields.Integer(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(REASONS),
        metadata={"description": "Why it is not active."},
    )
    next_at = Time(required=True, allow_none=True)
    failures = fields.Integer(
        required=True, metadata={"description": "Runs in a row that failed or were refused."}
    )
    created_at = Time(required=True)
    updated_at = Time(
        required=True, metadata={"description": "When somebody last changed it, or it ended."}
    )
    withheld = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether this is the outline that an admin sees of another's own."
        },
    )


class ScheduleWholeOut(ScheduleOut):
    """A schedule with what its jobs work on and its next runs."""

    example = {
        "payload": {"language": "python", "code": "print('Good morning')"},
        "next_runs": ["2026-03-02T07:30:00Z", "2026-03-03T07:30:00Z"],
    }
    payload = JsonObject(
        required=True, allow_none=True, metadata={"description": "Null where it is withheld."}
    )
    next_runs = fields.List(
        Time(), required=True, metadata={"description": f"The next {SHOWN_RUNS}, if it is active."}
    )


class ScheduleQuery(PageQuery):
    """Which schedules: yours, a project's, or everybody's."""

    aliases = {"projectId": "project_id"}
    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(["mine", "all"]),
        metadata={"description": "`all`: everybody's; for admins."},
    )
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    sort = sort_field(SCHEDULE_SORTS, "-id")


class PreviewQuery(Schema):
    """An expression to look at."""

    aliases = ALIASES
    cron = _cron(required=True)
    time_zone = zone(ZONE_MEANING, load_default="UTC")
    count = fields.Integer(
        load_default=SHOWN_RUNS,
        validate=validate.Range(1, MAX_PREVIEWED),
        metadata={"description": "Runs to come that are shown."},
    )


class PreviewOut(Schema):
    """When an expression would be due."""

    example = {
        "cron": "30 8 * * 1-5",
        "time_zone": "Europe/Paris",
        "description": "At 08:30 on Monday through Friday",
        "next_runs": ["2026-03-02T07:30:00Z", "2026-03-03T07:30:00Z"],
    }
    cron = fields.String(required=True, metadata={"description": "In its normal form."})
    time_zone = fields.String(required=True)
    description = fields.String(required=True)
    next_runs = fields.List(Time(), required=True)


class RunQuery(PageQuery):
    """Which runs of a schedule."""

    status = fields.String(load_default=None, validate=validate.OneOf(RUN_STATUSES))
    sort = sort_field(RUN_SORTS, "-id")


class RunOut(Schema):
    """One time of a schedule, and what came of it."""

    example = {
        "schedule_id": 1,
        "nominal_at": "2026-03-02T07:30:00Z",
        "job_id": 1,
        "status": "succeeded",
        "reason": None,
        "error": None,
        "finished_at": "2026-03-02T07:30:02Z",
    }
    id = fields.Integer(required=True)
    schedule_id = fields.Integer(required=True)
    nominal_at = Time(
        required=True,
        allow_none=True,
        metadata={"description": "The time that it is for; null if somebody asked for it."},
    )
    job_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Its job, if there is one."}
    )
    status = fields.String(
        required=True,
        validate=validate.OneOf(RUN_STATUSES),
        metadata={
            "description": "`waiting` for the previous run, `running` (its job has not ended), how "
            "its job ended, `skipped`, or `refused`: no job could be made."
        },
    )
    reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(SKIP_REASONS),
        metadata={"description": "Why it was skipped."},
    )
    error = fields.Nested(ErrorOut, required=True, allow_none=True)
    created_at = Time(required=True)
    finished_at = Time(required=True, allow_none=True)


SchedulePage = page_of(ScheduleOut)
RunPage = page_of(RunOut)
