"""What sessions, funnels and cohorts look like on the wire."""

from __future__ import annotations

import csv
import re
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ...core.schemas import Items, JsonList, Schema, Time
from .funnels import MAX_STEPS, MIN_STEPS
from .schemas import MAX_NAME, Between, name
from .sessions import DEFAULT_GAP_MINUTES

#: Characters of a list of steps.
MAX_STEPS_LENGTH = MAX_STEPS * (2 * MAX_NAME + 3)
MAX_GAP_MINUTES = 24 * 60
#: Seconds in each unit of a window.
UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_WINDOW_S = 90 * 86_400
MAX_SESSIONS_SHOWN = 500


WINDOW_PATTERN = re.compile(r"[1-9][0-9]{0,6}[smhd]?")


class Window(fields.String):
    """A length of time, such as `30m`, `24h`, `7d` or a number of seconds; read as seconds."""

    def __init__(self, **options: Any) -> None:
        metadata = {"pattern": f"^{WINDOW_PATTERN.pattern}$"} | options.pop("metadata", {})
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        if not WINDOW_PATTERN.fullmatch(text):
            raise ma.ValidationError("Must be a length of time such as 30m, 24h or 7d.")
        digits = text.rstrip("smhd")
        seconds = int(digits) * UNIT_SECONDS[text[len(digits) :]]
        if seconds > MAX_WINDOW_S:
            raise ma.ValidationError("Must be at most 90 days.")
        return seconds


class Steps(fields.String):
    """Types in order, separated by commas; one that has a comma is in quotes, as in CSV."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            (found,) = csv.reader([text], strict=True, skipinitialspace=True)
        except (csv.Error, ValueError):
            raise ma.ValidationError("Must be types separated by commas.") from None
        if not MIN_STEPS <= len(found) <= MAX_STEPS:
            raise ma.ValidationError(f"Must be {MIN_STEPS} to {MAX_STEPS} types.")
        if not all(0 < len(one) <= MAX_NAME for one in found):
            raise ma.ValidationError(f"A type has 1 to {MAX_NAME} characters.")
        if len(set(found)) < len(found):
            raise ma.ValidationError("The types must differ from each other.")
        return found


class SessionQuery(Between):
    """Whose sessions."""

    user_id = name("Only this user's.", "user123")
    gap_minutes = fields.Integer(
        load_default=DEFAULT_GAP_MINUTES,
        validate=validate.Range(1, MAX_GAP_MINUTES),
        metadata={"description": "A longer break ends a session without an id."},
    )
    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, MAX_SESSIONS_SHOWN),
        metadata={"description": "Sessions shown, the newest; the numbers count all."},
    )


COMPLETE_META = {
    "description": "False: `since` is later than requested, since there is too much before it."
}


class UserSessionOut(Schema):
    """What one user did in one session."""

    example = {
        "user_id": "user123",
        "session_id": "session456",
        "seconds": 340,
        "events": 12,
        "first_type": "page_view",
        "last_type": "purchase",
        "started_at": "2026-03-02T09:00:00Z",
        "ended_at": "2026-03-02T09:05:40Z",
    }
    user_id = fields.String(required=True, allow_none=True)
    session_id = fields.String(required=True, allow_none=True)
    started_at = Time(required=True)
    ended_at = Time(required=True)
    seconds = fields.Integer(required=True)
    events = fields.Integer(required=True)
    first_type = fields.String(required=True)
    last_type = fields.String(required=True)


class UserSessionsOut(Schema):
    """The sessions in a period."""

    example = {
        "since": "2026-03-02T00:00:00Z",
        "until": "2026-03-03T00:00:00Z",
        "complete": True,
        "gap_minutes": 30,
        "sessions": 1,
        "users": 1,
        "events": 12,
        "unassigned": 0,
        "median_seconds": 340.0,
        "single": 0,
    }
    since = Time(required=True)
    until = Time(required=True)
    complete = fields.Boolean(required=True, metadata=COMPLETE_META)
    gap_minutes = fields.Integer(required=True)
    sessions = fields.Integer(required=True)
    users = fields.Integer(required=True)
    events = fields.Integer(required=True, metadata={"description": "Of all sessions."})
    unassigned = fields.Integer(
        required=True, metadata={"description": "Events with neither user nor session."}
    )
    median_seconds = fields.Float(required=True, allow_none=True)
    single = fields.Integer(required=True, metadata={"description": "Sessions of one event."})
    items = Items(fields.Nested(UserSessionOut), required=True)


class FunnelQuery(Between):
    """Which steps."""

    steps = Steps(
        required=True,
        metadata={
            "description": "Types in order, separated by commas.",
            "example": "page_view,add_to_cart,purchase",
            "maxLength": MAX_STEPS_LENGTH,
        },
    )
    window = Window(
        load_default=86_400,
        metadata={
            "description": "All steps lie within this time; 24h by default.",
            "example": "24h",
        },
    )


class StepOut(Schema):
    """A step, and the users who reached it."""

    example = {
        "type": "add_to_cart",
        "users": 120,
        "of_first": 0.4,
        "of_previous": 0.4,
        "median_seconds": 95.5,
    }
    type = fields.String(required=True)
    users = fields.Integer(required=True)
    of_first = fields.Float(required=True, allow_none=True)
    of_previous = fields.Float(required=True, allow_none=True)
    median_seconds = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "From a user's first step to this one."},
    )


class FunnelOut(Schema):
    """How far users got."""

    example = {
        "since": "2026-03-02T00:00:00Z",
        "until": "2026-03-03T00:00:00Z",
        "complete": True,
        "window_seconds": 86400,
        "events": 420,
    }
    since = Time(required=True)
    until = Time(required=True)
    complete = fields.Boolean(required=True, metadata=COMPLETE_META)
    window_seconds = fields.Integer(required=True)
    events = fields.Integer(required=True, metadata={"description": "Of these types."})
    items = fields.List(fields.Nested(StepOut), required=True)


class RetentionQuery(Between):
    """Which cohorts."""

    unit = fields.String(load_default="week", validate=validate.OneOf(["day", "week"]))


class CohortOut(Schema):
    """Users whose first event is in the same day or week, and how many came again."""

    example = {"time": "2026-03-02T00:00:00Z", "users": 240, "returned": [240, 96, 51]}
    time = Time(required=True)
    users = fields.Integer(required=True)
    returned = JsonList(
        fields.Integer(),
        required=True,
        metadata={"description": "In this day or week, the next one, and so on."},
    )


class RetentionOut(Schema):
    """Cohorts, the oldest first."""

    example = {
        "since": "2026-03-02T00:00:00Z",
        "until": "2026-03-03T00:00:00Z",
        "complete": True,
        "unit": "week",
        "users": 240,
    }
    unit = fields.String(required=True)
    since = Time(required=True)
    until = Time(required=True)
    complete = fields.Boolean(
        required=True,
        metadata={"description": "False: only `users` were examined, in the order of their ids."},
    )
    users = fields.Integer(
        required=True, metadata={"description": "Users examined, including old ones."}
    )
    items = fields.List(fields.Nested(CohortOut), required=True)
