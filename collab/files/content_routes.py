"""`/files/{id}/content`: what is in a file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, request
from werkzeug.http import quote_etag

from ..auth.guard import login_required
from ..core.errors import NotFound
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.downloads import download
from ..core.http.etags import check_preconditions, is_known
from ..core.http.heavy import HEAVY_BYTES, turn_for
from ..core.http.limits import larger_body
from ..core.http.sending import FORM_SLACK, file_body, sent_file
from ..core.links import BASE_PATH
from ..projects import access
from . import content, service
from .editing.live_text import MAX_TEXT_BYTES
from .history import service as history
from .history.schemas import VersionQuery
from .models import TEXT, File, text_etag
from .schemas import ContentQuery, EditedOut, EditsIn, FileOut
from .text.units import from_units

blueprint = Blueprint(
    "content", __name__, url_prefix=BASE_PATH, description="The content of files."
)

Answer = tuple[Any, int, dict[str, str]]


@blueprint.get("/files/<id:file_id>/content")
@login_required
@blueprint.arguments(VersionQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(409, schema="Problem")
@blueprint.alt_response(206, description="The part that `Range` asks for.")
@blueprint.alt_response(304, "Problem")
@blueprint.alt_response(416, "Problem")
def get_content(query: dict[str, Any], file_id: int) -> Response:
    """Fetch a file's content, or a text's at a version; ranges are served (RFC 9110 §14)."""
    if query["version"] is not None:
        return _text_at(history.load_text(file_id, caller()), query["version"])
    file = access.load(File, file_id, caller())
    return _text(file) if file.kind == TEXT else _bytes(file)


@blueprint.put("/files/<id:file_id>/content")
@larger_body(service.MAX_FILE_BYTES + FORM_SLACK)
@login_required
@blueprint.arguments(ContentQuery, location="query")
@blueprint.doc(requestBody=file_body(0))
@blueprint.response(200, FileOut)
@blueprint.alt_response(409, "Problem")
def put_content(query: dict[str, Any], file_id: int) -> Answer:
    """Replace a file's content with the body as it is; a text changes only where it differs."""
    file, (source, _, _) = content.admit(file_id, caller()), sent_file()
    if file.kind != TEXT:
        return _shown(content.replace_bytes(file_id, source, caller(), _require_match))
    base = query["base_version"]
    with turn_for(max(file.size, request.content_length or HEAVY_BYTES)):
        done = content.replace_text(file, source, base, _expected(file), caller())
    return _shown(done.file, exact=done.exact)


@blueprint.patch("/files/<id:file_id>/content")
@larger_body(2 * MAX_TEXT_BYTES)
@login_required
@blueprint.arguments(EditsIn)
@blueprint.response(200, EditedOut)
@blueprint.alt_response(409, "Problem")
@blueprint.alt_response(412, "Problem")
def edit_content(data: dict[str, Any], file_id: int) -> Answer:
    """Edit a text, starting from a version; what others changed since is kept."""
    file = content.admit(file_id, caller())
    expected = _expected(file)
    told, exact = content.edit(file, data["base_version"], data["edits"], expected, caller())
    return told, 200, {"ETag": quote_etag(text_etag(file.id, told["version"]))} if exact else {}


def _text(file: File) -> Response:
    """Answer with a text: never as anything that a browser would run."""
    if is_known(file.content_etag):
        return Response(status=304, headers={"ETag": quote_etag(file.content_etag)})
    with turn_for(file.size):
        units, version = content.text_now(file.id)
        return _sent(file, from_units(units), version)


def _text_at(file: File, version: int) -> Response:
    with turn_for():
        return _sent(file, history.text_at(file.id, version), version)


def _sent(file: File, text: str, version: int) -> Response:
    data, name = BytesIO(text.encode()), file.name
    tag = text_etag(file.id, version)
    return download(data, "text/plain; charset=utf-8", name, attached=False, etag=tag)


def _bytes(file: File) -> Response:
    try:
        return download(content.path_of(file), file.content_type, file.name, etag=file.content_etag)
    except FileNotFoundError:  # deleted or replaced since
        raise NotFound() from None


def _require_match(file: File) -> None:
    """Refuse a change when If-Match names another content; raises PreconditionFailed."""
    check_preconditions(file.content_etag)


def _expected(file: File) -> int | None:
    """Return the version that If-Match names; None for any. Raises PreconditionFailed."""
    _require_match(file)
    return None if not request.if_match or request.if_match.star_tag else file.content_version


def _shown(file: File, *, exact: bool = True) -> Answer:
    """Answer with a file; with a tag only if its content is what was sent (RFC 9110 §9.3.4)."""
    return file, 200, {"ETag": quote_etag(file.content_etag)} if exact else {}
