"""What the job types `function` and `thumbnail` take."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.schemas import FreeJson, Schema, WholeNumber, identifier, line


class FunctionIn(Schema):
    """A call of a function."""

    name = line(100, required=True, metadata={"example": "word_count"})
    event = FreeJson(
        load_default=dict, metadata={"example": {"text": "to be or not to be", "top": 2}}
    )
    upload_id = identifier()


class ThumbnailIn(Schema):
    """An image, and the box that its thumbnail has to fit into, in pixels."""

    upload_id = identifier(required=True, metadata={"example": 1})
    width = WholeNumber(load_default=256, validate=validate.Range(16, 2048))
    height = WholeNumber(load_default=256, validate=validate.Range(16, 2048))
    format = fields.String(validate=validate.OneOf(["PNG", "JPEG", "WEBP"]))
