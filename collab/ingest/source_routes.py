"""`/ingest/sources`: what may send events, and with which keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects import access
from ..projects.access import Right
from ..projects.models import Project
from . import sources
from .models import Source
from .schemas import (
    RevokeIn,
    RotateIn,
    SourceIn,
    SourceKeyOut,
    SourceOut,
    SourcePage,
    SourcePatch,
    SourceQuery,
)

blueprint = Blueprint(
    "sources",
    __name__,
    url_prefix=f"{BASE_PATH}/ingest/sources",
    description="What sends events to the pipeline, and its write keys.",
)


@blueprint.get("")
@login_required
@blueprint.arguments(SourceQuery, location="query")
@blueprint.response(200, SourcePage)
@linked
def list_sources(query: dict[str, Any]) -> Page:
    """List a project's sources, with when each last sent something."""
    project = access.load(Project, query.pop("project_id"), caller())
    return sources.list_sources(project, **query)


@blueprint.post("")
@login_required
@idempotent
@blueprint.arguments(SourceIn)
@blueprint.response(201, SourceKeyOut)
@located("/ingest/sources/{id}")
@versioned
def create_source(data: dict[str, Any]) -> Source:
    """Create a source; its write key is shown here and never again."""
    project = access.load(Project, data.pop("project_id"), caller(), can=Right.MANAGE)
    return _with_key(*sources.create(project, data, caller()))


@blueprint.get("/<id:source_id>")
@login_required
@blueprint.response(200, SourceOut)
@versioned
def get_source(source_id: int) -> Source:
    """Show a source."""
    return access.load(Source, source_id, caller())


@blueprint.patch("/<id:source_id>")
@login_required
@blueprint.arguments(SourcePatch)
@blueprint.response(200, SourceOut)
@blueprint.alt_response(409, schema="Problem")
@versioned
def update_source(changes: dict[str, Any], source_id: int) -> Source:
    """Change a source's name, policy or rules, or switch it off and on."""
    source = access.load(Source, source_id, caller(), can=Right.MANAGE)
    require_match(source)
    return sources.update(source, changes, caller())


@blueprint.post("/<id:source_id>/rotate")
@login_required
@idempotent
@blueprint.arguments(RotateIn)
@blueprint.response(200, SourceKeyOut)
@versioned
def rotate_source_key(data: dict[str, Any], source_id: int) -> Source:
    """Give a source a new write key; the old one works for `overlap_seconds` more."""
    source = access.load(Source, source_id, caller(), can=Right.MANAGE)
    overlap = timedelta(seconds=data["overlap_seconds"])
    return _with_key(*sources.rotate(source, overlap, caller()))


@blueprint.post("/<id:source_id>/revoke")
@login_required
@blueprint.arguments(RevokeIn)
@blueprint.response(200, SourceOut)
@versioned
def revoke_source_key(data: dict[str, Any], source_id: int) -> Source:
    """End a source's write keys at once; rotating gives it a new one."""
    source = access.load(Source, source_id, caller(), can=Right.MANAGE)
    return sources.revoke(source, data["keys"], caller())


@blueprint.delete("/<id:source_id>")
@login_required
@blueprint.response(204)
def delete_source(source_id: int) -> None:
    """Delete a source with its keys and everything that it has sent."""
    source = access.load(Source, source_id, caller(), can=Right.MANAGE)
    require_match(source)
    sources.delete(source, caller())


def _with_key(source: Source, key: str) -> Source:
    source.write_key = key
    return source
