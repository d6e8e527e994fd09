"""`/uploads`: files for jobs to work on."""

from __future__ import annotations

import re
from typing import Any

from flask import Response

from ..auth.guard import login_required
from ..core.errors import NotFound, invalid
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.downloads import download
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.limits import larger_body
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.http.sending import FORM_SLACK, file_body, sent_file
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..core.storage.blob_store import blobs
from ..core.storage.blobs import ByteSource
from ..core.text import visible
from ..projects import access
from ..projects.access import Right
from . import service
from .models import Upload
from .schemas import UploadListQuery, UploadOut, UploadPage, UploadQuery

blueprint = Blueprint("uploads", __name__, url_prefix=BASE_PATH, description="Files for jobs.")

#: Type and subtype (RFC 6838 §4.2), shorter than the column.
MEDIA_TYPE = re.compile(r"(?=.{3,100}$)[a-z0-9][\w!#$&^.+-]*/[a-z0-9][\w!#$&^.+-]*", re.ASCII)
UNKNOWN_TYPE = "application/octet-stream"


@blueprint.get("/uploads")
@login_required
@blueprint.arguments(UploadListQuery, location="query")
@blueprint.response(200, UploadPage)
@remembered()
@linked
def list_uploads(query: dict[str, Any]) -> Page:
    """List your uploads, or those of a project."""
    return service.list_uploads(caller(), **query)


@blueprint.post("/uploads")
@larger_body(service.MAX_UPLOAD_BYTES + FORM_SLACK)
@login_required
@idempotent
@blueprint.arguments(UploadQuery, location="query")
@blueprint.doc(requestBody=file_body(1))
@blueprint.response(201, UploadOut)
@blueprint.alt_response(413, schema="Problem")
@located("/uploads/{id}")
@versioned
def create_upload(query: dict[str, Any]) -> Upload:
    """Send a file of up to 25 MiB: as the body itself, or as `file` in a form."""
    source, name, content_type = _sent_file()
    name = _without_folders("query/name", query["name"]) or name or "upload"
    return service.create(source, name, content_type, query["project_id"], caller())


@blueprint.get("/uploads/<id:upload_id>")
@login_required
@blueprint.response(200, UploadOut)
@versioned
def get_upload(upload_id: int) -> Upload:
    """Show what an upload is."""
    return access.load(Upload, upload_id, caller())


@blueprint.get("/uploads/<id:upload_id>/content")
@login_required
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(206, description="The part that `Range` asks for.")
@blueprint.alt_response(304, "Problem")
@blueprint.alt_response(416, "Problem")
def get_upload_content(upload_id: int) -> Response:
    """Fetch an upload's bytes; ranges are served (RFC 9110 §14)."""
    upload = access.load(Upload, upload_id, caller())
    try:
        return _file(upload)
    except FileNotFoundError:  # deleted since
        raise NotFound() from None


@blueprint.delete("/uploads/<id:upload_id>")
@login_required
@blueprint.response(204)
def delete_upload(upload_id: int) -> None:
    """Delete an upload."""
    upload = access.load(Upload, upload_id, caller(), can=Right.WRITE)
    require_match(upload)
    service.delete(upload)


def _file(upload: Upload) -> Response:
    tags: dict[str, Any] = {"etag": upload.sha256, "last_modified": upload.created_at}
    path = blobs().path(upload.sha256)
    return download(path, upload.content_type, upload.name, **tags)


def _sent_file() -> tuple[ByteSource, str, str]:
    """Return what was sent, its name and type; raises Malformed and Unprocessable."""
    source, name, kind = sent_file()
    return source, _without_folders("file", name), _media_type(kind)


def _media_type(sent: str) -> str:
    """Return a content type that a download can be given, or that of unknown bytes."""
    return sent if MEDIA_TYPE.fullmatch(sent) else UNKNOWN_TYPE


def _without_folders(pointer: str, name: str | None) -> str:
    """Return a file's name without folders; raises Unprocessable for an invisible one."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1][:255]
    if last and (wrong := visible.trouble(last)):
        raise invalid(pointer, f"The file's name must be one line of visible text: {wrong}")
    return last
