"""A dead letter as it is stored."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...core.json import Stored, loads
from ...frozen import frozen
from ..pipeline.store import DISCARDED, OPEN, REPLAYED
from ..reading.periods import moment

LETTER_STATES = (OPEN, REPLAYED, DISCARDED)

#: What lists show, in the order of `Listed`; the large columns come last in the table.
LISTED_COLUMNS = (
    "id, project, source, stage, reason, type, event_id, format, receipt, state, received,"
    " rejected_at, changed_at, length(payload), correction IS NOT NULL"
)


@frozen
class Listed:
    """A dead letter in a list: everything except what was sent."""

    id: int
    project_id: int
    source_id: int
    stage: str
    reason: str
    type: str | None
    event_id: str | None
    format: str
    receipt: str
    state: str
    received_at: datetime
    rejected_at: datetime
    changed_at: datetime | None
    size: int
    corrected: bool

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Listed:
        """Make it from a row of `LISTED_COLUMNS`."""
        changed = None if row[12] is None else moment(row[12])
        times = moment(row[10]), moment(row[11]), changed
        shown: list[Any] = [*row[:10], *times, row[13], bool(row[14])]
        return cls(*shown)


@frozen
class Letter(Listed):
    """A dead letter with what was sent, untouched, and what to send in its place."""

    context: Mapping[str, Any]
    sent: bytes
    corrected_to: bytes | None

    @property
    def payload(self) -> str:
        """Return what was sent: as text, or in base64 if it is not UTF-8."""
        try:
            return self.sent.decode()
        except UnicodeDecodeError:
            return base64.b64encode(self.sent).decode()

    @property
    def payload_encoding(self) -> str:
        """Return `utf-8`, or `base64` (RFC 4648 §4)."""
        try:
            self.sent.decode()
        except UnicodeDecodeError:
            return "base64"
        return "utf-8"

    @property
    def correction(self) -> Any:
        """Return what to send in its place, or None."""
        return None if self.corrected_to is None else Stored(self.corrected_to.decode())

    @property
    def etag(self) -> str:
        """The entity tag: of what can change."""
        told = (self.id, self.state, self.changed_at, self.corrected_to)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def letter_of(row: tuple[Any, ...], sent: bytes, context: str, correction: bytes | None) -> Letter:
    """Make a letter from a row of `LISTED_COLUMNS` and the large columns."""
    listed = Listed.of(row)
    return Letter(**vars(listed), context=loads(context), sent=sent, corrected_to=correction)
