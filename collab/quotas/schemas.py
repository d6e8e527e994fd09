"""What usage looks like on the wire."""

from __future__ import annotations

from marshmallow import fields

from ..core.schemas import Schema


class KindOut(Schema):
    """What is kept of one kind."""

    kind = fields.String(required=True, metadata={"example": "events"})
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

    bytes = fields.Integer(required=True)
    limit = fields.Integer(required=True, metadata={"description": "Bytes that may be kept."})
    kinds = fields.List(fields.Nested(KindOut), required=True)
