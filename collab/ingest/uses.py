"""When sources were last used: noted in memory, and written for all at once now and then."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update

from ..core.models import utcnow
from ..core.slots import Slot
from ..extensions import db
from .models import Source

#: Seconds between two writes.
WRITTEN_EVERY_S = 60.0

SOURCES: Any = Source.__table__
NOTE_USE = (
    update(SOURCES)
    .where(SOURCES.c.id == bindparam("source"))
    # It is not a change, so the time of the last change stays.
    .values(
        last_used_at=bindparam("at", type_=SOURCES.c.last_used_at.type),
        updated_at=SOURCES.c.updated_at,
    )
)


class Uses:
    """The sources that were used since the last write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[int, datetime] = {}

    def note(self, source_id: int) -> None:
        """Note that a source sends something now."""
        self._used[source_id] = utcnow()

    def take(self) -> dict[int, datetime]:
        """Return what was noted, and forget it."""
        with self._lock:
            used, self._used = self._used, {}
        return used


USES: Slot[Uses] = Slot("uses of sources", lambda _: Uses())


def write() -> bool:
    """Write when sources were used, as a chore; neither their version nor their times change."""
    used = USES.here().take()
    if used:
        values = [{"source": key, "at": at} for key, at in used.items()]
        db.session.connection().execute(NOTE_USE, values)
        db.session.commit()
    return False
