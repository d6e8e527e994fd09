"""An event on its way out: a CloudEvents 1.0 envelope, encoded once for all its readers."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from ..core.json import dumps
from ..core.models import utcnow

EVENT_SOURCE = "/api/v1/events"

#: Ids of signals: unique across restarts and processes, as CloudEvents requires.
_signals = itertools.count(1)


@cache
def _process(_: int) -> str:
    """Return a name for the process with this number, made after the server's fork."""
    return uuid.uuid4().hex[:8]


@dataclass(eq=False)
class Message:
    """A row of the log, or a signal, which is sent once and not kept."""

    topic: str
    type: str
    actor: int | None
    #: Its data; for a row, the stored text, which nobody needs to look into.
    data: Mapping[str, Any]
    time: datetime
    #: The log's id; 0 for a signal.
    id: int = 0
    project_id: int | None = None

    @classmethod
    def of(cls, row: Any) -> Message:
        """Make the message for a row."""
        return cls(row.topic, row.type, row.actor, row.data, row.time, row.id, row.project_id)

    @classmethod
    def signal(cls, topic: str, kind: str, actor: int | None, data: dict[str, Any]) -> Message:
        """Make a message that is not worth a row."""
        return cls(topic, kind, actor, data, utcnow())

    @cached_property
    def public_id(self) -> str:
        """Return the log's id as text, or for a signal one that nothing resumes after."""
        return str(self.id) if self.id else f"signal-{_process(os.getpid())}-{next(_signals)}"

    def envelope(self) -> dict[str, Any]:
        """Return the CloudEvents form; `topic`, `actor` and `signal` are extension attributes."""
        members: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.public_id,
            "source": EVENT_SOURCE,
            "type": self.type,
            "time": self.time,
            "datacontenttype": "application/json",
            "topic": self.topic,
        }
        if self.actor is not None:
            members["actor"] = self.actor
        if not self.id:
            members["signal"] = True
        members["data"] = self.data
        return members

    @cached_property
    def json(self) -> bytes:
        """Return the envelope as JSON."""
        return dumps(self.envelope())


#: How a kind of subscriber writes a message: a WebSocket frame, an event of a stream.
Encoder = Callable[[Message], bytes]
