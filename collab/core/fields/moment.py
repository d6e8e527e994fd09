"""A point in time."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..text import times

WRONG_DETAIL = "Must be an RFC 3339 time, such as 2026-12-24T09:00:00Z."


class Moment(fields.DateTime):
    """A point in time with its zone (RFC 3339); UTC if none is given, and the start of a bare day.

    A `+` that arrived as a space, as in an address that was not encoded, is read as `+`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        try:
            found = times.parse(value if isinstance(value, str) else "")
            moment = found if isinstance(found, datetime) else datetime.combine(found, time())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ma.ValidationError(WRONG_DETAIL) from None
