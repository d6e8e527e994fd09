"""What workspaces look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, FreeJson, JsonObject, Schema, Time, identifier, line
from .models import WORKSPACE_SORTS


class WorkspaceIn(Schema):
    """A workspace, whole, for a project named in the path."""

    example = {"name": "Mission control", "settings": {"theme": "dark"}}
    name = line(120, required=True)
    settings = FreeJson(load_default=dict, metadata={"example": {"theme": "dark"}})


class FlatWorkspaceIn(WorkspaceIn):
    """A workspace, and the project it belongs to."""

    example = {"project_id": 1}
    aliases = {"projectId": "project_id"}
    project_id = identifier(required=True)


class WorkspacePatch(Schema):
    """The parts of a workspace that change."""

    example = {"name": "Landing site"}
    name = line(120)
    settings = FreeJson()


class WorkspaceOut(Schema):
    """A workspace."""

    example = {"name": "Mission control", "settings": {"theme": "dark"}}
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    name = fields.String(required=True)
    settings = JsonObject(required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)


class WorkspaceQuery(PageQuery):
    """Which workspaces of a project."""

    sort = sort_field(WORKSPACE_SORTS, "id")


class FlatWorkspaceQuery(WorkspaceQuery):
    """Which workspaces of all your projects."""

    aliases = {"projectId": "project_id"}
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))


WorkspacePage = page_of(WorkspaceOut)
