"""What the job types `function` and `thumbnail` take."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
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
    """An image, and the box that its thumbnail has to fit in, in pixels."""

    upload_id = identifier(metadata={"example": 1})
    file_id = identifier(metadata={"description": "Instead: an image in the job's project."})
    width = WholeNumber(load_default=256, validate=validate.Range(16, 2048))
    height = WholeNumber(load_default=256, validate=validate.Range(16, 2048))
    format = fields.String(validate=validate.OneOf(["PNG", "JPEG", "WEBP"]))

    @ma.validates_schema
    def _one_image(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("upload_id" in data) == ("file_id" in data):
            raise ma.ValidationError("Name an image: `upload_id` or `file_id`.", "upload_id")
