"""`/workspaces/{id}/archive`: a workspace as a zip, out and in."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

from flask import Response, stream_with_context

from ...auth.guard import login_required
from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.idempotency import idempotent
from ...core.http.limits import larger_body, rate_limit_key
from ...core.http.sending import FORM_SLACK, file_body, sent_file
from ...core.links import BASE_PATH
from ...projects import access
from ...workspaces.models import Workspace
from .. import content, service
from ..schemas import ArchiveOut, ArchiveQuery
from . import packing, unpacking
from .turns import TURNS

blueprint = Blueprint("archives", __name__, url_prefix=BASE_PATH, description="Workspaces as zips.")


@blueprint.get("/workspaces/<id:workspace_id>/archive")
@login_required
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
def get_archive(workspace_id: int) -> Response:
    """Fetch all files of a workspace as a zip, texts as they are now."""
    with ExitStack() as stack:
        turn = TURNS.here().begin(rate_limit_key())
        stack.callback(turn.close)
        files = packing.files_of(access.load(Workspace, workspace_id, caller()))
        pieces = stream_with_context(packing.packed(files, turn))
        named = {"Content-Disposition": f"attachment; filename=workspace-{workspace_id}.zip"}
        response = Response(pieces, headers=named, content_type="application/zip")
        response.call_on_close(stack.pop_all().close)
    return response


@blueprint.post("/workspaces/<id:workspace_id>/archive")
@larger_body(service.MAX_FILE_BYTES + FORM_SLACK)
@login_required
@idempotent
@blueprint.arguments(ArchiveQuery, location="query")
@blueprint.doc(requestBody=file_body(1))
@blueprint.response(201, ArchiveOut)
@blueprint.alt_response(409, "Problem")
def unpack_archive(query: dict[str, Any], workspace_id: int) -> dict[str, int]:
    """Unpack a zip of up to 25 MiB (200 MiB and 2,000 files unpacked): all of it, or nothing.

    An archive with an entry that is not a plain file at a valid path is refused as a whole, and so
    is one that does not fit the quotas. New files appear a few at a time; if one can't be created
    after all, they are removed again. With `conflict=replace`, texts are changed last, each on its
    own, and merged with what others write meanwhile.
    """
    content.admit_to(workspace_id, caller())
    source, _, _ = sent_file()
    with closing(TURNS.here().begin(rate_limit_key())) as turn:
        return unpacking.unpack(workspace_id, source, query["conflict"], caller(), turn)
