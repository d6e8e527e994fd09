"""What usage looks like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of
from ..core.schemas import Schema
from ..core.usage.models import PERSON, PROJECT


class KindOut(Schema):
    """What is kept of one kind."""

    example = {"kind": "files", "bytes": 48213, "count": 12, "limit": None}
    kind = fields.String(required=True)
    bytes = fields.Integer(required=True)
    count = fields.Integer(required=True, metadata={"description": "Rows."})
    limit = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "Bytes of this kind that may be kept; null: only the total's `limit`."
        },
    )


class UsageOut(Schema):
    """What is kept, and how much may be kept."""

    example = {"bytes": 61440, "limit": 1073741824}
    bytes = fields.Integer(required=True)
    limit = fields.Integer(required=True, metadata={"description": "Bytes that may be kept."})
    kinds = fields.List(fields.Nested(KindOut), required=True)


class KeeperOut(Schema):
    """A person or a project, and all that they keep."""

    example = {
        "owner": PERSON,
        "id": 5,
        "name": "Bob",
        "bytes": 61440,
        "count": 31,
        "limit": 1073741824,
    }
    owner = fields.String(required=True, validate=validate.OneOf((PERSON, PROJECT)))
    id = fields.Integer(required=True)
    name = fields.String(
        required=True, allow_none=True, metadata={"description": "Null if it is gone."}
    )
    bytes = fields.Integer(required=True)
    count = fields.Integer(required=True, metadata={"description": "Rows."})
    limit = fields.Integer(required=True, metadata={"description": "Bytes that may be kept."})


class KeeperQuery(PageQuery):
    """Who keeps much."""

    owner = fields.String(
        load_default=PERSON,
        validate=validate.OneOf((PERSON, PROJECT)),
        metadata={"description": "People or projects."},
    )
    sort = fields.String(load_default="-bytes", validate=validate.OneOf(("bytes", "-bytes")))


KeeperPage = page_of(KeeperOut)
