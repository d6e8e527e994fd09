"""Files that jobs work on: programs that they run, images that they scale down."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import marshmallow as ma
from sqlalchemy import select

from ..core.caller import Caller
from ..core.errors import ApiError, Unprocessable, invalid, pointers
from ..core.storage.blob_store import blobs
from ..extensions import db
from ..jobs import registry
from ..jobs import service as jobs
from ..jobs.models import Job
from ..jobs.service import Order
from ..projects import access
from ..workspaces.contents import Entry
from .archives import packing
from .content import text_now
from .models import TEXT, File
from .text.units import from_units

#: The language of a program, by the end of its name; `execution` knows how each is run.
LANGUAGE_BY_SUFFIX = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
}


class NotRunnable(Unprocessable):
    """Only Python (.py) and JavaScript (.js, .mjs, .cjs) files can be run."""


class NotAnImage(Unprocessable):
    """Thumbnails can only be made from images."""


def run(file: File, stdin: str | None, caller: Caller) -> Job:
    """Run a program as it is now, as a job of its project.

    Raises NotRunnable, Unprocessable, Forbidden, Unavailable.
    """
    language = LANGUAGE_BY_SUFFIX.get(Path(file.name).suffix.lower())
    # By the end of the name, not by the bytes: that is how people say what a program is.
    if language is None or file.kind != TEXT:
        raise NotRunnable()
    project_id, code = file.project_id, from_units(text_now(file.id)[0])
    payload = {"language": language, "code": code, "stdin": stdin} | _place(file)
    return _submit("code_execution", payload, project_id, caller)


def _place(file: File) -> dict[str, Any]:
    """Return what lets a program see the other files of its workspace, if there are any."""
    others = select(File.id).where(File.workspace_id == file.workspace_id, File.id != file.id)
    if db.session.scalar(others.limit(1)) is None:
        return {}
    return {"workspace_id": file.workspace_id, "path": file.path}


def entries(workspace_id: int) -> list[Entry]:
    """Return the files of a workspace, each with a function that reads it as it is then."""
    columns = (File.id, File.path, File.kind, File.size, File.sha256)
    rows = db.session.execute(select(*columns).where(File.workspace_id == workspace_id))
    return [Entry(row.path, row.size, partial(packing.content, row)) for row in rows]


def thumbnail(file: File, options: dict[str, Any], caller: Caller) -> Job:
    """Make a thumbnail of an image, as a job of its project; raises NotAnImage, Forbidden."""
    if not file.content_type.startswith("image/"):
        raise NotAnImage()
    return _submit("thumbnail", options | {"file_id": file.id}, file.project_id, caller)


def _submit(name: str, payload: dict[str, Any], project_id: int, caller: Caller) -> Job:
    kind = registry.require(name)
    try:
        checked = kind.payload().load(payload)
    except ma.ValidationError as error:
        raise Unprocessable(errors=pointers({"json": error.messages_dict})) from None
    return jobs.submit(Order(kind, checked, project_id), caller)[0]


def admit(file_id: int, project_id: int | None, caller: Caller) -> None:
    """Refuse a job on a file that is not an image of the project that will see its result."""
    try:
        file = access.load(File, file_id, caller)
    # Not 404 or 403: the job is what was asked for, and the file one member of it.
    except ApiError:
        raise invalid("payload/file_id", "There is no such file.") from None
    if file.project_id != project_id:
        raise invalid("payload/file_id", "The file belongs to a different project than the job.")
    if file.sha256 is None:
        raise invalid("payload/file_id", "The file is a text file.")


def path_of(file_id: int) -> Path:
    """Return where a file's bytes are now; raises LookupError when it has been deleted."""
    file = db.session.get(File, file_id)
    if file is None or file.sha256 is None:
        raise LookupError(f"file {file_id} has been deleted")
    return blobs().path(file.sha256)
