"""`/audit`: who did what, for admins."""

from __future__ import annotations

from typing import Any

from flask import Response

from ..auth.guard import admin_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..core.models import utcnow
from ..core.slots import application
from . import audit
from .export import STYLES, export
from .schemas import AuditPage, AuditQuery, ExportQuery

blueprint = Blueprint(
    "audit",
    __name__,
    url_prefix=BASE_PATH,
    description="Who did what, from where and when, for admins: the whole log, refusals and "
    "log-ins included. Private events appear without their data (`withheld`).",
)

FILE_CONTENT = {"schema": {"type": "string"}}
FILES = {
    "200": {
        "description": "The file.",
        "content": {style.content_type.split(";")[0]: FILE_CONTENT for style in STYLES.values()},
    }
}


@blueprint.get("/audit")
@admin_required
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditPage)
@linked
def list_audit(query: dict[str, Any]) -> Page:
    """List who did what, from where and when, newest first."""
    return audit.list_events(**query)


@blueprint.get("/audit/export")
@admin_required
@blueprint.arguments(ExportQuery, location="query")
@blueprint.doc(responses=FILES)
def export_audit(query: dict[str, Any]) -> Response:
    """Export the audit, oldest first, as CSV (RFC 4180) or JSON lines."""
    name = query.pop("format")
    app = application()
    pieces = export(app, caller(), name, **query)
    kept_as = f'attachment; filename="audit-{utcnow():%Y-%m-%d}.{name}"'
    headers = {"Content-Disposition": kept_as}
    return Response(pieces, headers=headers, content_type=STYLES[name].content_type)
