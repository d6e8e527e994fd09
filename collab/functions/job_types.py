"""The job types that run functions; both may be run again, for a function only makes its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.errors import invalid
from ..core.http.caller import Caller
from ..extensions import db
from ..jobs.context import FatalError, JobContext, Result
from ..jobs.process import run_handler
from ..jobs.registry import job_type
from ..uploads import service as uploads
from . import registry
from .registry import Function
from .schemas import FunctionIn, ThumbnailIn


def _admit_function(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    function = registry.find(payload["name"])
    if function is None:
        names = ", ".join(registry.all_functions())
        raise invalid("payload/name", f"There is no such function; there are {names}.")
    _admit_file(function, payload.get("upload_id"), project_id, caller)


def _admit_file(
    function: Function, upload_id: int | None, project_id: int | None, caller: Caller
) -> None:
    if function.input is None and upload_id is not None:
        raise invalid("payload/upload_id", "This function works on no file.")
    if function.input is not None and upload_id is None:
        raise invalid("payload/upload_id", "This function works on a file: upload it first.")
    if upload_id is not None:
        uploads.admit(upload_id, project_id, caller)


@job_type("function", payload=FunctionIn, timeout_s=60, admit=_admit_function)
def run_function(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Call a function, a Lambda-style `handler(event, context)`, in a process of its own."""
    return _call(ctx, payload["name"], payload.get("event") or {}, payload.get("upload_id"))


def _admit_thumbnail(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    uploads.admit(payload["upload_id"], project_id, caller)


@job_type("thumbnail", payload=ThumbnailIn, timeout_s=20, admit=_admit_thumbnail)
def make_thumbnail(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Make a small PNG, JPEG or WebP of an uploaded image."""
    event = {name: value for name, value in payload.items() if name != "upload_id"}
    return _call(ctx, "thumbnail", event, payload["upload_id"])


def _call(ctx: JobContext, name: str, event: dict[str, Any], upload_id: int | None) -> Result:
    function = registry.find(name)
    if function is None:  # this server is older, or newer, than the one that took the job
        raise FatalError("no_such_function", f"There is no function {name!r}.")
    inputs = {}
    if function.input is not None and upload_id is not None:
        inputs[function.input] = _file(upload_id)
    return run_handler(
        ctx, function.path, event, inputs=inputs, memory_mb=function.memory_mb, function_name=name
    )


def _file(upload_id: int) -> Path:
    """Return an upload's file; raises FatalError when it has been deleted."""
    try:
        path = uploads.path_of(upload_id)
    except LookupError:
        raise FatalError("upload_gone", "The uploaded file has been deleted.") from None
    finally:
        db.session.remove()  # a handler may take long, and needs no connection meanwhile
    if not path.is_file():
        raise FatalError("upload_gone", "The uploaded file has been deleted.")
    return path
