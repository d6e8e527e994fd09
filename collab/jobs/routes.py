"""`/jobs`."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, request
from werkzeug.http import quote_etag

from ..auth.guard import login_required
from ..core.errors import Malformed, invalid
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.downloads import download
from ..core.http.etags import require_match, versioned
from ..core.http.heavy import heavy
from ..core.http.idempotency import KEY_PATTERN
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.http.traits import Trait, has
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..flags import service as flags
from ..flags.service import FeatureOff
from ..projects import access
from ..projects.access import Right
from . import oversight, reading, registry, service
from .models import Job
from .oversight import Outline
from .representation import JobView, as_seen, shown
from .schemas import (
    AttemptPage,
    AttemptQuery,
    JobIn,
    JobPage,
    JobQuery,
    JobTypesOut,
    JobWholeOut,
    LogLinePage,
    LogQuery,
)
from .service import Order

blueprint = Blueprint(
    "jobs", __name__, url_prefix=BASE_PATH, description="Work that survives restarts."
)


@blueprint.get("/jobs/types")
@login_required
@blueprint.response(200, JobTypesOut)
def list_types() -> dict[str, Any]:
    """List the types of jobs, and whether each can be run here."""
    return {"items": [_described(kind) for kind in registry.all_types()]}


@blueprint.get("/jobs")
@login_required
@blueprint.arguments(JobQuery, location="query")
@blueprint.response(200, JobPage)
@remembered()
@linked
def list_jobs(query: dict[str, Any]) -> Page:
    """List your jobs, those of a project, or for an admin everybody's.

    An admin sees an outline of other people's own jobs.
    """
    return reading.list_jobs(caller(), **query)


@blueprint.post("/jobs")
@login_required
@blueprint.arguments(JobIn)
@blueprint.response(201, JobWholeOut)
@blueprint.alt_response(503, schema="Problem")
@has(Trait.LOCATED)
def submit_job(data: dict[str, Any]) -> tuple[JobView, int, dict[str, str]]:
    """Submit a job; with an idempotency key (in the body or the header) it is created once."""
    data["key"] = _one_key(data.pop("idempotency_key"))
    job, known = service.submit(Order(**data), caller())
    headers = {"Location": f"{BASE_PATH}/jobs/{job.id}", "ETag": quote_etag(job.etag)}
    return shown(job), 201, headers | ({"Idempotency-Replayed": "true"} if known else {})


@blueprint.get("/jobs/<id:job_id>")
@login_required
@blueprint.response(200, JobWholeOut)
@versioned
def get_job(job_id: int) -> JobView | Outline:
    """Show a job: its state, progress, and result; an admin gets an outline of others' own."""
    return as_seen(oversight.load(job_id, caller()))


@blueprint.get("/jobs/<id:job_id>/output")
@login_required
@heavy
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(206, description="The part that `Range` asks for.")
@blueprint.alt_response(304, "Problem")
@blueprint.alt_response(416, "Problem")
def get_output(job_id: int) -> Response:
    """Fetch the file that a job made, such as a report."""
    made = reading.output_of(access.load(Job, job_id, caller()))
    kind = made.content_type or "application/octet-stream"
    return download(BytesIO(made.body), kind, made.filename or "output")


@blueprint.get("/jobs/<id:job_id>/log")
@login_required
@blueprint.arguments(LogQuery, location="query")
@blueprint.response(200, LogLinePage)
@remembered()
@linked
def get_log(query: dict[str, Any], job_id: int) -> Page:
    """List what a job's runs wrote: its output and its log, in the order of writing."""
    return reading.list_log(access.load(Job, job_id, caller()), **query)


@blueprint.get("/jobs/<id:job_id>/attempts")
@login_required
@blueprint.arguments(AttemptQuery, location="query")
@blueprint.response(200, AttemptPage)
@remembered()
@linked
def get_attempts(query: dict[str, Any], job_id: int) -> Page:
    """List a job's attempts with how each ended."""
    return reading.list_attempts(access.load(Job, job_id, caller()), **query)


@blueprint.post("/jobs/<id:job_id>/cancel")
@login_required
@blueprint.response(200, JobWholeOut)
@blueprint.alt_response(409, "Problem")
@versioned
def cancel_job(job_id: int) -> JobView | Outline:
    """Cancel a job: at once if it waits, within a second if it runs; 409 if it is over.

    Admins may cancel anybody's.
    """
    job = oversight.load(job_id, caller(), can=Right.WRITE)
    require_match(job)
    service.cancel(oversight.row_of(job), caller())
    return as_seen(job)


@blueprint.post("/jobs/<id:job_id>/retry")
@login_required
@blueprint.response(200, JobWholeOut)
@blueprint.alt_response(503, schema="Problem")
@blueprint.alt_response(409, "Problem")
@versioned
def retry_job(job_id: int) -> JobView:
    """Run a job again that failed, died or was cancelled; 409 otherwise.

    One that was cancelled before its `run_at` waits for it again.
    """
    job = access.load(Job, job_id, caller(), can=Right.WRITE)
    require_match(job)
    return shown(service.retry(job, caller()))


def _one_key(sent: str | None) -> str | None:
    """Return the idempotency key, from the body or the header; raises if they differ."""
    header = request.headers.get("Idempotency-Key")
    if header is not None and not KEY_PATTERN.fullmatch(header):
        raise Malformed("An Idempotency-Key is 1 to 255 visible ASCII characters.")
    if header is not None and sent is not None and header != sent:
        raise invalid("idempotency_key", "The Idempotency-Key header has a different value.")
    return sent or header


def _described(kind: registry.JobType) -> dict[str, Any]:
    off = kind.feature is not None and not flags.is_on(kind.feature, caller().user_id)
    reason = str(FeatureOff(kind.feature or "")) if off else kind.unavailable()
    return {
        "name": kind.name,
        "summary": kind.summary,
        "available": reason is None,
        "reason": reason,
        "timeout_s": kind.timeout_s,
        "max_attempts": kind.max_attempts,
        "needs_project": kind.needs_project,
        "payload": f"/api/openapi.json#/components/schemas/{kind.document}",
        "repeatable": kind.repeatable,
    }
