"""What uploads look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, Schema, Time, line
from .models import UPLOAD_SORTS


class UploadQuery(Schema):
    """What a file is called, and the project that it goes to."""

    aliases = {"projectId": "project_id"}
    name = line(255, load_default=None, metadata={"description": "Otherwise the form's name."})
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))


class UploadOut(Schema):
    """A file that was sent."""

    example = {
        "name": "prices.csv",
        "content_type": "text/csv",
        "size": 31,
        "sha256": "1ba31a3fffbf2ed28a1b4a7a3a8d1d0cb5a6a9f4d8c9e2b7f0a1c3d5e7f90b2d",
    }
    id = fields.Integer(required=True)
    owner_id = fields.Integer(required=True)
    project_id = fields.Integer(required=True, allow_none=True)
    name = fields.String(required=True)
    content_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    sha256 = fields.String(required=True)
    created_at = Time(required=True)


class UploadListQuery(PageQuery):
    """Which uploads: yours, or a project's."""

    aliases = {"projectId": "project_id"}
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    sort = sort_field(UPLOAD_SORTS, "-id")


UploadPage = page_of(UploadOut)
