"""The job types that run functions; both may be run again, for a function only makes its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.caller import Caller
from ..core.errors import invalid
from ..extensions import db
from ..jobs.context import FatalError, JobContext, Result
from ..jobs.handlers.conversation import run_handler
from ..jobs.registry import job_type
from ..uploads import sources
from . import registry
from .registry import Function
from .schemas import FunctionIn, ThumbnailIn


def _admit_function(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    function = registry.find(payload["name"])
    if function is None:
        names = ", ".join(registry.all_functions())
        raise invalid("payload/name", f"There is no such function; the functions are {names}.")
    _check_file(function, payload.get("upload_id"))
    sources.admit(payload, project_id, caller)


def _check_file(function: Function, upload_id: int | None) -> None:
    if function.input is None and upload_id is not None:
        raise invalid("payload/upload_id", "This function does not take a file.")
    if function.input is not None and upload_id is None:
        raise invalid("payload/upload_id", "This function needs a file: upload one first.")


@job_type("function", payload=FunctionIn, timeout_s=60, admit=_admit_function)
def run_function(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Call a function, a Lambda-style `handler(event, context)`, in a process of its own."""
    return _call(ctx, payload["name"], payload.get("event") or {}, payload)


@job_type("thumbnail", payload=ThumbnailIn, timeout_s=20, admit=sources.admit)
def make_thumbnail(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Make a small PNG, JPEG or WebP of an image: an upload, or a file of a workspace."""
    return _call(ctx, "thumbnail", sources.without_files(payload), payload)


def _call(ctx: JobContext, name: str, event: dict[str, Any], payload: dict[str, Any]) -> Result:
    function = registry.find(name)
    if function is None:  # this server is older, or newer, than the one that took the job
        raise FatalError("no_such_function", f"There is no function {name!r}.")
    inputs = {}
    if function.input is not None and (file := _file(payload)) is not None:
        inputs[function.input] = file
    return run_handler(
        ctx, function.path, event, inputs=inputs, memory_mb=function.memory_mb, function_name=name
    )


def _file(payload: dict[str, Any]) -> Path | None:
    """Return the file that a payload names; raises FatalError when it has been deleted."""
    try:
        path = sources.path_of(payload)
    except LookupError:
        raise FatalError("upload_gone", "The uploaded file has been deleted.") from None
    finally:
        db.session.remove()  # a handler may take long, and needs no connection meanwhile
    if path is not None and not path.is_file():
        raise FatalError("upload_gone", "The uploaded file has been deleted.")
    return path
