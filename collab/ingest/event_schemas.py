"""Registering the schemas of event types."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from ..core.caller import Caller
from ..core.errors import Conflict, invalid
from ..core.lists.paging import Page, paginate
from ..events import log
from ..events.catalogue.ingest import SchemaDeleted, SchemaRegistered
from ..extensions import db
from ..projects.models import Project
from .models import SCHEMA_SORTS, EventSchema
from .pipeline.event_schemas import compile_schema

#: Schemas of one project.
MAX_SCHEMAS_PER_PROJECT = 200


def register(project: Project, values: dict[str, Any], actor: Caller) -> EventSchema:
    """Keep the schema of a type; raises Unprocessable, and Conflict if there is one already."""
    try:
        compile_schema(values["schema"])
    except ValueError as error:
        raise invalid("schema", str(error)) from None
    _require_free(project.id, values["event_type"], values["event_version"])
    made = EventSchema(project_id=project.id, created_by=actor.user_id, **values)
    db.session.add(made)
    db.session.flush()
    log.record(SchemaRegistered(**_facts(made)), actor=actor.user_id)
    db.session.commit()
    return made


def list_schemas(project: Project, *, sort: str, event_type: str | None, **page: Any) -> Page:
    """Return a page of a project's schemas, or of those of one type."""
    query = select(EventSchema).where(EventSchema.project_id == project.id)
    if event_type is not None:
        query = query.where(EventSchema.event_type == event_type)
    return paginate(query, columns=SCHEMA_SORTS, sort=sort, key=EventSchema.id, **page)


def delete(schema: EventSchema, actor: Caller) -> None:
    """Delete a schema: events of its type are no longer checked against it."""
    log.record(SchemaDeleted(**_facts(schema)), actor=actor.user_id)
    db.session.delete(schema)
    db.session.commit()


def _facts(schema: EventSchema) -> dict[str, Any]:
    return {
        "project_id": schema.project_id,
        "schema_id": schema.id,
        "event_type": schema.event_type,
        "event_version": schema.event_version,
    }


def _require_free(project_id: int, event_type: str, event_version: str) -> None:
    mine = EventSchema.project_id == project_id
    same = (EventSchema.event_type == event_type, EventSchema.event_version == event_version)
    if db.session.scalar(select(EventSchema.id).where(mine, *same)) is not None:
        raise Conflict(
            "This version of the type has a schema: register another version, or delete it."
        )
    count = db.session.scalar(select(func.count()).where(mine)) or 0
    if count >= MAX_SCHEMAS_PER_PROJECT:
        raise Conflict(f"A project has at most {MAX_SCHEMAS_PER_PROJECT} schemas: delete one.")
