"""The name of a time zone."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..text.zones import MAX_ZONE_LENGTH, zones


def _known(name: str) -> None:
    if name not in zones():
        raise ma.ValidationError("Must be a time zone of the IANA database, such as Europe/Paris.")


def zone(meaning: str, **options: Any) -> fields.String:
    """Make a field for a time zone's name."""
    metadata = {"description": meaning, "example": "Europe/Paris"}
    return fields.String(
        validate=[validate.Length(1, MAX_ZONE_LENGTH), _known], metadata=metadata, **options
    )
