"""What feature flags look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.http.pages import page_of
from ..core.schemas import Schema, Time, TrueOrFalse, WholeNumber

PERCENTAGE_RANGE = validate.Range(0, 100)


class FlagIn(Schema):
    """A feature's state, whole."""

    example = {"enabled": True, "percentage": 25}
    enabled = TrueOrFalse(required=True)
    percentage = WholeNumber(
        load_default=100,
        validate=PERCENTAGE_RANGE,
        metadata={
            "description": "The share of people who have it, always the same ones.",
            "example": 25,
        },
    )


class FlagPatch(Schema):
    """The parts of a feature's state that change."""

    example = {"percentage": 50}
    enabled = TrueOrFalse()
    percentage = WholeNumber(validate=PERCENTAGE_RANGE)


class FlagOut(Schema):
    """A feature."""

    example = {
        "on": True,
        "enabled": True,
        "percentage": 25,
        "default": True,
        "overridden": True,
        "changed_by": 1,
        "changed_at": "2026-03-02T09:00:00Z",
    }
    name = fields.String(required=True)
    meaning = fields.String(required=True)
    on = fields.Boolean(required=True, metadata={"description": "Whether you have it."})
    enabled = fields.Boolean(required=True)
    percentage = fields.Integer(required=True)
    default = fields.Boolean(required=True, metadata={"description": "What the setting says."})
    overridden = fields.Boolean(
        required=True, metadata={"description": "Whether an admin has overridden the setting."}
    )
    changed_by = fields.Integer(required=True, allow_none=True)
    changed_at = Time(required=True, allow_none=True)


FlagPage = page_of(FlagOut)
