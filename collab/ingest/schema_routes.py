"""`/ingest/schemas`: what events of a type must look like."""

from __future__ import annotations

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
from . import event_schemas
from .models import EventSchema
from .schemas import EventSchemaIn, EventSchemaOut, EventSchemaPage, EventSchemaQuery

blueprint = Blueprint(
    "schemas",
    __name__,
    url_prefix=f"{BASE_PATH}/ingest/schemas",
    description="What events of a type must look like.",
)


@blueprint.get("")
@login_required
@blueprint.arguments(EventSchemaQuery, location="query")
@blueprint.response(200, EventSchemaPage)
@linked
def list_event_schemas(query: dict[str, Any]) -> Page:
    """List a project's schemas, or those of one type."""
    project = access.load(Project, query.pop("project_id"), caller())
    return event_schemas.list_schemas(project, **query)


@blueprint.post("")
@login_required
@idempotent
@blueprint.arguments(EventSchemaIn)
@blueprint.response(201, EventSchemaOut)
@located("/ingest/schemas/{id}")
@versioned
def register_event_schema(data: dict[str, Any]) -> EventSchema:
    """Register the schema of a type; from now on, events that do not fit it become dead letters."""
    project = access.load(Project, data.pop("project_id"), caller(), can=Right.MANAGE)
    return event_schemas.register(project, data, caller())


@blueprint.get("/<id:schema_id>")
@login_required
@blueprint.response(200, EventSchemaOut)
@versioned
def get_event_schema(schema_id: int) -> EventSchema:
    """Show a schema."""
    return access.load(EventSchema, schema_id, caller())


@blueprint.delete("/<id:schema_id>")
@login_required
@blueprint.response(204)
def delete_event_schema(schema_id: int) -> None:
    """Delete a schema."""
    schema = access.load(EventSchema, schema_id, caller(), can=Right.MANAGE)
    require_match(schema)
    event_schemas.delete(schema, caller())
