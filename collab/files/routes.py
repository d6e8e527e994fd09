"""`/workspaces/{id}/files` and `/files`: what is in a workspace, by path."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import ValidationError

from ..auth.guard import login_required
from ..core.errors import invalid
from ..core.http.blueprint import Blueprint, UnsupportedMediaType
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.limits import larger_body
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.http.sending import FORM_SLACK, file_body, sent_file
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects import access
from ..projects.access import Right
from ..workspaces.models import Workspace
from . import service
from .models import File
from .schemas import (
    FileIn,
    FileListQuery,
    FileOut,
    FilePage,
    FilePatch,
    FileQuery,
    FolderMovedOut,
    FolderMoveIn,
    Path,
    TreeOut,
)
from .tree import tree_of

blueprint = Blueprint("files", __name__, url_prefix=BASE_PATH, description="Files of a workspace.")

#: A text as JSON; or the file itself, with `?path=` or in a form.
FILE_BODY = file_body(0) | {
    "content": {"application/json": {"schema": FileIn}, **file_body(0)["content"]}
}


class NoPath(UnsupportedMediaType):
    """Send JSON with `path` and `content`, or the file itself as the body with `?path=`."""


@blueprint.get("/workspaces/<id:workspace_id>/files")
@login_required
@blueprint.arguments(FileListQuery, location="query")
@blueprint.response(200, FilePage)
@remembered()
@linked
def list_files(query: dict[str, Any], workspace_id: int) -> Page:
    """List a workspace's files."""
    return service.list_files(access.load(Workspace, workspace_id, caller()), **query)


@blueprint.get("/workspaces/<id:workspace_id>/tree")
@login_required
@blueprint.response(200, TreeOut)
def get_tree(workspace_id: int) -> dict[str, Any]:
    """Show all files of a workspace in their folders."""
    return {"items": tree_of(access.load(Workspace, workspace_id, caller()))}


@blueprint.post("/workspaces/<id:workspace_id>/files")
@larger_body(service.MAX_FILE_BYTES + FORM_SLACK)
@login_required
@idempotent
@blueprint.arguments(FileQuery, location="query")
@blueprint.doc(requestBody=FILE_BODY)
@blueprint.response(201, FileOut)
@located("/files/{id}")
@versioned
def create_file(query: dict[str, Any], workspace_id: int) -> File:
    """Create a file: a text as JSON, or any file as the body with `?path=` or in a form."""
    if query["path"] is None and request.mimetype != "multipart/form-data":
        if not request.is_json:
            raise NoPath()
        data = blueprint.ARGUMENTS_PARSER.parse(FileIn, request, location="json")
        return service.create_text(workspace_id, data["path"], data["content"], caller())
    source, name, _ = sent_file()
    path = query["path"] or _named(name)
    return service.create_sent(workspace_id, path, source, caller())


def _named(name: str) -> str:
    """Return the path that a form's file names; raises Unprocessable if there is none."""
    try:
        path: str = Path().deserialize(name)
    except ValidationError as error:
        raise invalid("file", str(error.messages[0])) from None
    return path


@blueprint.post("/workspaces/<id:workspace_id>/files/move")
@login_required
@blueprint.arguments(FolderMoveIn)
@blueprint.response(200, FolderMovedOut)
@blueprint.alt_response(409, "Problem")
def move_folder(data: dict[str, Any], workspace_id: int) -> dict[str, int]:
    """Move a folder: every file in it, or none."""
    workspace = access.load(Workspace, workspace_id, caller(), can=Right.WRITE)
    return {"moved": service.move_folder(workspace, data["source"], data["target"], caller())}


@blueprint.get("/files/<id:file_id>")
@login_required
@blueprint.response(200, FileOut)
@versioned
def get_file(file_id: int) -> File:
    """Show what a file is."""
    return access.load(File, file_id, caller())


@blueprint.patch("/files/<id:file_id>")
@login_required
@blueprint.arguments(FilePatch)
@blueprint.response(200, FileOut)
@blueprint.alt_response(409, "Problem")
@versioned
def move_file(data: dict[str, Any], file_id: int) -> File:
    """Rename or move a file; it stays open for everybody who has it open."""
    file = access.load(File, file_id, caller(), can=Right.WRITE)
    require_match(file)
    return service.move(file, data.get("path", file.path), caller())


@blueprint.delete("/files/<id:file_id>")
@login_required
@blueprint.response(204)
def delete_file(file_id: int) -> None:
    """Delete a file with its history."""
    file = access.load(File, file_id, caller(), can=Right.WRITE)
    require_match(file)
    service.delete(file, caller())
