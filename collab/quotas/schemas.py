"""What usage looks like on the wire."""

from __future__ import annotations

from marshmallow import fields

from ..core.schemas import Schema


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
