"""The payload of a report."""

from __future__ import annotations

from marshmallow import validate

from ..core.schemas import Schema, WholeNumber

MAX_DAYS = 365


class ReportIn(Schema):
    """The last days to report on, today (in UTC) included."""

    days = WholeNumber(
        load_default=30,
        validate=validate.Range(1, MAX_DAYS),
        metadata={"example": 30},
    )
