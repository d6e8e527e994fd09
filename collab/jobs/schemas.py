"""What jobs look like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.fields.moment import Moment
from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, JsonObject, Schema, Time, WholeNumber, identifier, patterned
from . import registry
from .models import JOB_SORTS, STATUSES

STREAMS = ("stdout", "stderr", "log")
#: Visible ASCII, as the Idempotency-Key header takes it.
KEY_PATTERN = r"^[\x21-\x7e]*$"


def known_type(name: str) -> registry.JobType:
    """Return the type of a name; raises ValidationError."""
    kind = registry.find(name)
    if kind is None:
        known = ", ".join(one.name for one in registry.all_types())
        raise ma.ValidationError(f"Must be one of: {known}.", "type")
    return kind


def valid_payload(kind: registry.JobType, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload as jobs of a type keep it; raises ValidationError."""
    try:
        return dict(kind.payload().load(payload))
    except ma.ValidationError as error:
        raise ma.ValidationError({"payload": error.messages}) from None


class TypedPayload(Schema):
    """What names a type of job, and has a payload for it."""

    @ma.post_load
    def _check_payload(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Check the payload by its type's own schema."""
        kind = known_type(data["type"])
        return data | {"type": kind, "payload": valid_payload(kind, data["payload"])}


class JobIn(TypedPayload):
    """Work to do; `payload` is what the type says (see GET /jobs/types)."""

    example = {
        "type": "code_execution",
        "payload": {"language": "python", "code": "print('Hello Moon')"},
    }
    aliases = {
        "projectId": "project_id",
        "idempotencyKey": "idempotency_key",
        "runAt": "run_at",
        "maxAttempts": "max_attempts",
        "timeoutS": "timeout_s",
    }
    type = fields.String(required=True)
    payload = fields.Dict(
        load_default=dict,
        metadata={"example": {"language": "javascript", "code": "console.log('Hello World')"}},
    )
    project_id = identifier(load_default=None, allow_none=True)
    idempotency_key = patterned(
        KEY_PATTERN, "Must be visible ASCII.", 1, 255, load_default=None, allow_none=True
    )
    priority = WholeNumber(
        load_default=0,
        validate=validate.Range(-100, 100),
        metadata={"description": "Among your own jobs, the highest goes first."},
    )
    run_at = Moment(load_default=None, allow_none=True)
    max_attempts = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1, 20))
    timeout_s = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1, 3600))


class ErrorOut(Schema):
    """Why a job, or an attempt, did not succeed."""

    example = {"code": "timeout", "message": "The code ran for more than 5 seconds."}
    code = fields.String(required=True)
    message = fields.String(required=True)


class OutputOut(Schema):
    """A file that the job made."""

    example = {
        "content_type": "image/png",
        "filename": "rocket.png",
        "size": 5120,
        "url": "/api/v1/jobs/1/output",
    }
    content_type = fields.String(required=True)
    filename = fields.String(required=True, allow_none=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    url = fields.String(required=True)


class JobOut(Schema):
    """A job, as lists show it."""

    example = {
        "type": "code_execution",
        "status": "succeeded",
        "schedule_id": None,
        "priority": 0,
        "run_at": None,
        "due_at": None,
        "timeout_s": 60,
        "max_attempts": 1,
        "attempt": 1,
        "cancel_requested": False,
        "progress": 1.0,
        "progress_message": None,
        "error": None,
        "started_at": "2026-03-02T09:00:01Z",
        "finished_at": "2026-03-02T09:00:02Z",
        "withheld": False,
    }
    id = fields.Integer(required=True)
    type = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    owner_id = fields.Integer(required=True)
    project_id = fields.Integer(required=True, allow_none=True)
    schedule_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The schedule that made it."}
    )
    priority = fields.Integer(required=True)
    run_at = Time(required=True, allow_none=True)
    due_at = Time(required=True, allow_none=True)
    timeout_s = fields.Integer(required=True)
    max_attempts = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    cancel_requested = fields.Boolean(required=True)
    progress = fields.Float(required=True, allow_none=True)
    progress_message = fields.String(required=True, allow_none=True)
    error = fields.Nested(ErrorOut, required=True, allow_none=True)
    created_at = Time(required=True)
    started_at = Time(required=True, allow_none=True)
    finished_at = Time(required=True, allow_none=True)
    updated_at = Time(required=True)
    withheld = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether this is the outline that an admin sees of another person's "
            "own job: without what it works on, says and made."
        },
    )


class JobWholeOut(JobOut):
    """A job with what it works on and what it made."""

    example = {
        "payload": {"language": "python", "code": "print('Hello Moon')"},
        "lease_owner": None,
        "lease_until": None,
        "heartbeat_at": None,
        "result": {"stdout": "Hello Moon\n", "stderr": "", "exit_code": 0},
        "output": None,
    }
    payload = JsonObject(
        required=True, allow_none=True, metadata={"description": "Null where it is withheld."}
    )
    lease_owner = fields.String(required=True, allow_none=True)
    lease_until = Time(required=True, allow_none=True)
    heartbeat_at = Time(required=True, allow_none=True)
    result = JsonObject(required=True, allow_none=True)
    output = fields.Nested(OutputOut, required=True, allow_none=True)


class JobQuery(PageQuery):
    """Which jobs: yours, a project's, or everybody's."""

    aliases = {"projectId": "project_id", "scheduleId": "schedule_id"}
    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(["mine", "all"]),
        metadata={"description": "`all`: everybody's; for admins."},
    )
    owner_id = fields.Integer(
        load_default=None,
        validate=validate.Range(1, MAX_ID),
        metadata={"description": "Whose; those of others, outside one project, are for admins."},
    )
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    schedule_id = fields.Integer(
        load_default=None,
        validate=validate.Range(1, MAX_ID),
        metadata={"description": "Those that a schedule made."},
    )
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    type = fields.String(load_default=None, validate=validate.Length(1, 40))
    sort = sort_field(JOB_SORTS, "-id")


class LogQuery(PageQuery):
    """Which lines of a job's log."""

    stream = fields.String(load_default=None, validate=validate.OneOf(STREAMS))
    sort = fields.String(load_default="id", validate=validate.OneOf(("id", "-id")))


class LogLineOut(Schema):
    """A piece of what a run wrote."""

    example = {
        "attempt": 1,
        "stream": "stdout",
        "text": "Hello Moon",
        "time": "2026-03-02T09:00:02Z",
    }
    id = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    stream = fields.String(required=True, validate=validate.OneOf(STREAMS))
    text = fields.String(required=True)
    time = Time(required=True)


class AttemptQuery(PageQuery):
    """Which attempts."""

    sort = fields.String(load_default="id", validate=validate.OneOf(("id", "-id")))


class AttemptOut(Schema):
    """One run of a job."""

    example = {
        "number": 1,
        "worker": None,
        "outcome": "succeeded",
        "error": None,
        "started_at": "2026-03-02T09:00:01Z",
        "finished_at": "2026-03-02T09:00:02Z",
    }
    number = fields.Integer(required=True)
    worker = fields.String(required=True, allow_none=True)
    outcome = fields.String(
        required=True,
        metadata={
            "description": "running, succeeded, failed, cancelled, timeout, worker_lost or "
            "handed_back (the server stopped; it does not count)."
        },
    )
    error = fields.Nested(ErrorOut, required=True, allow_none=True)
    started_at = Time(required=True, allow_none=True)
    finished_at = Time(required=True, allow_none=True)


class JobTypeOut(Schema):
    """A type of job."""

    example = {
        "name": "code_execution",
        "summary": "Run code in a sandbox.",
        "available": True,
        "reason": None,
        "timeout_s": 60,
        "max_attempts": 1,
        "needs_project": False,
        "payload": "#/components/schemas/CodePayload",
        "repeatable": False,
    }
    name = fields.String(required=True)
    summary = fields.String(required=True)
    available = fields.Boolean(required=True)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it is not available."}
    )
    timeout_s = fields.Integer(required=True)
    max_attempts = fields.Integer(required=True)
    needs_project = fields.Boolean(required=True)
    payload = fields.String(
        required=True, metadata={"description": "The payload's schema in the OpenAPI document."}
    )
    repeatable = fields.Boolean(
        required=True, metadata={"description": "False: it runs at most once, unless you retry it."}
    )


class JobTypesOut(Schema):
    """The types of jobs."""

    items = fields.List(fields.Nested(JobTypeOut), required=True)


JobPage = page_of(JobOut)
LogLinePage = page_of(LogLineOut)
AttemptPage = page_of(AttemptOut)
