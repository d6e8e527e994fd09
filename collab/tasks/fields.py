"""Tags, times and zones of tasks, as they are written."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.schemas import line
from ..core.text import times
from . import due

MAX_TAGS = 20
MAX_TAG_LENGTH = 40


def tidy(tag: str) -> str:
    """Return the canonical spelling of a tag: trimmed, in lower case, composed (NFC)."""
    return unicodedata.normalize("NFC", tag.strip().lower())


class Tags(fields.List[Any]):
    """Words to find tasks by: trimmed, in lower case, each kept once."""

    def __init__(self, **options: Any) -> None:
        meaning = {"description": "Trimmed and in lower case; each is kept once."}
        super().__init__(
            line(MAX_TAG_LENGTH), validate=validate.Length(0, MAX_TAGS), metadata=meaning, **options
        )

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Tidy what has passed the checks."""
        sent = super().deserialize(value, *args, **kwargs)
        return list(dict.fromkeys(map(tidy, sent))) if isinstance(sent, list) else sent


class Due(fields.String):
    """When a task is due, as it was written; its zone is applied later."""

    def __init__(self, **options: Any) -> None:
        meaning = (
            "RFC 3339. Without an offset it is local time in `due_zone`; a date alone is the end "
            "of that day there. A time that occurs twice when clocks change is the first one; one "
            "that is skipped moves later by as much as the clocks do."
        )
        metadata = {"description": meaning, "pattern": times.TIME_PATTERN, "example": "2026-12-24"}
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime | date:  # type: ignore[override]
        try:
            return due.parse(super()._deserialize(value, *args, **kwargs) or "")
        except ValueError:
            years = f"of the years {due.FIRST_YEAR} to {due.LAST_YEAR}"
            raise ma.ValidationError(f"Must be a date or an RFC 3339 time {years}.") from None
