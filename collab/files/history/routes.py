"""`/files/{id}/history` and what goes with it."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from ...auth.guard import login_required
from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.etags import versioned
from ...core.http.heavy import heavy
from ...core.http.idempotency import idempotent
from ...core.http.pages import linked
from ...core.json import dumps
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ...projects.access import Right
from . import comparison, service
from .schemas import (
    DiffOut,
    DiffQuery,
    EntryOut,
    HistoryPage,
    HistoryQuery,
    OutcomeOut,
    RestoreIn,
    UndoIn,
)

blueprint = Blueprint(
    "history",
    __name__,
    url_prefix=f"{BASE_PATH}/files",
    description="Who changed a text, what it said before, and undoing changes.",
)

AS_JSON = {"content": {"application/json": {"schema": DiffOut}}}


@blueprint.get("/<id:file_id>/history")
@login_required
@heavy
@blueprint.arguments(HistoryQuery, location="query")
@blueprint.response(200, HistoryPage)
@blueprint.alt_response(409, "Problem")
@linked
def list_history(query: dict[str, Any], file_id: int) -> Page:
    """List a text's changes, the newest first."""
    return service.list_changes(service.load_text(file_id, caller()), caller(), **query)


@blueprint.get("/<id:file_id>/versions/<id:version>")
@login_required
@heavy
@blueprint.response(200, EntryOut)
@blueprint.alt_response(409, "Problem")
@versioned
def get_change(file_id: int, version: int) -> service.Entry:
    """Show the change that made a version, with all its edits."""
    return service.load_change(service.load_text(file_id, caller()), version)


@blueprint.get("/<id:file_id>/diff")
@login_required
@heavy
@blueprint.arguments(DiffQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
@blueprint.doc(responses={200: AS_JSON})
@blueprint.alt_response(409, "Problem")
def get_diff(query: dict[str, Any], file_id: int) -> Response:
    """Show the difference between two versions.

    It is a unified diff, as `diff -u` makes it and `patch` takes it, or the edits where the Accept
    header prefers `application/json`.
    """
    file = service.load_text(file_id, caller())
    two = comparison.of_versions(file, query["from_version"], query["to_version"])
    return _as_json(two) if _prefers_json() else _as_text(two)


@blueprint.post("/<id:file_id>/restore")
@login_required
@heavy
@idempotent
@blueprint.arguments(RestoreIn)
@blueprint.response(200, OutcomeOut)
@blueprint.alt_response(409, "Problem")
@versioned
def restore_version(data: dict[str, Any], file_id: int) -> service.TextOutcome:
    """Restore a text to a version, by a new change that is merged like any other."""
    file = service.load_text(file_id, caller(), can=Right.WRITE)
    return service.restore(file, data["version"], caller())


@blueprint.post("/<id:file_id>/undo")
@login_required
@heavy
@idempotent
@blueprint.arguments(UndoIn)
@blueprint.response(200, OutcomeOut)
@blueprint.alt_response(409, "Problem")
@versioned
def undo_changes(data: dict[str, Any], file_id: int) -> service.TextOutcome:
    """Undo what one person changed from one version to another, and keep what others did.

    Those who may write may undo others' changes, too. The undo is one change, which can be undone.
    """
    file = service.load_text(file_id, caller(), can=Right.WRITE)
    return service.undo_of(file, **data, caller=caller())


def _prefers_json() -> bool:
    kinds = ["text/plain", "application/json"]
    return request.accept_mimetypes.best_match(kinds, kinds[0]) == kinds[1]


def _as_json(two: comparison.Comparison) -> Response:
    shown = DiffOut().dump(two)
    return Response(dumps(shown), headers={"Vary": "Accept"}, content_type="application/json")


def _as_text(two: comparison.Comparison) -> Response:
    headers = {"Vary": "Accept", "X-Content-Type-Options": "nosniff"}
    return Response(two.unified, headers=headers, content_type="text/plain; charset=utf-8")
