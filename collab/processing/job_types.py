"""The type of job that computes with tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.caller import Caller
from ..extensions import db
from ..jobs.context import FatalError, JobContext, Result
from ..jobs.handlers.conversation import run_handler
from ..jobs.registry import job_type
from ..uploads import service as uploads
from .schemas import ProcessingIn

HANDLER_PROGRAM = Path(__file__).with_name("handler.py")
#: For the process; the data that it holds is bounded below that (see `engine.memory`).
MEMORY_MB = 512


def admit(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse an upload that is not there, or not the caller's to show (422)."""
    upload_id = payload.get("upload_id")
    if upload_id is not None:
        uploads.admit(upload_id, project_id, caller)


@job_type(
    "data_processing",
    payload=ProcessingIn,
    timeout_s=300,
    max_attempts=5,
    admit=admit,
)
def data_processing(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Filter, group, aggregate, sort and profile rows, or those of an uploaded CSV or JSON file."""
    upload_id = payload.get("upload_id")
    if upload_id is None:
        return run_handler(ctx, HANDLER_PROGRAM, payload, memory_mb=MEMORY_MB)
    path, name = _upload(upload_id)
    event = payload | {"name": name}
    return run_handler(ctx, HANDLER_PROGRAM, event, inputs={"data": path}, memory_mb=MEMORY_MB)


def _upload(upload_id: int) -> tuple[Path, str]:
    gone = FatalError("upload_gone", f"Upload {upload_id} has been deleted.")
    try:
        path, name = uploads.path_of(upload_id), uploads.name_of(upload_id)
    except LookupError:
        raise gone from None
    finally:
        db.session.remove()  # or the whole run would hold the database's old pages
    if not path.is_file():
        raise gone
    return path, name
