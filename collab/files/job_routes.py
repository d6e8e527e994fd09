"""`/files/{id}/run` and `/thumbnail`: jobs on files."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, versioned
from ..core.http.idempotency import idempotent
from ..core.links import BASE_PATH
from ..jobs.representation import JobView, shown
from ..jobs.schemas import JobWholeOut
from . import content, jobs
from .schemas import RunIn, SmallIn

blueprint = Blueprint("file_jobs", __name__, url_prefix=BASE_PATH, description="Jobs on files.")


@blueprint.post("/files/<id:file_id>/run")
@login_required
@idempotent
@blueprint.arguments(RunIn)
@blueprint.response(201, JobWholeOut)
@located("/jobs/{id}")
@versioned
def run_file(data: dict[str, Any], file_id: int) -> JobView:
    """Run a Python or JavaScript file in the sandbox, as it is now; returns the job."""
    file = content.admit(file_id, caller())
    return shown(jobs.run(file, data["stdin"], caller()))


@blueprint.post("/files/<id:file_id>/thumbnail")
@login_required
@idempotent
@blueprint.arguments(SmallIn)
@blueprint.response(201, JobWholeOut)
@located("/jobs/{id}")
@versioned
def make_thumbnail(data: dict[str, Any], file_id: int) -> JobView:
    """Make a small PNG, JPEG or WebP of an image, as the output of the job that this returns."""
    file = content.admit(file_id, caller())
    return shown(jobs.thumbnail(file, data, caller()))
