"""What processes send each other besides rings, as JSON: it never leaves the installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...core.json import dumps, loads
from ...frozen import frozen
from ..message import Message

#: How many people at topics one letter has.
FACTS_PER_LETTER = 500

#: What a letter says of others: a process begins to tell all that it knows, or has told it. What it
#: told before, and not again in between, is so no more, though no letter said that: it was dropped.
ALL_FOLLOWS = "all follows"
ALL_TOLD = "all told"


@frozen
class Letter:
    """Signals for followers, and whose presence has changed."""

    #: The id up to which the sender had published the log before the signals.
    position: int = 0
    signals: Sequence[Any] = ()
    #: Who is at which topic.
    present: Sequence[Any] = ()
    #: `ALL_FOLLOWS`, `ALL_TOLD`, or empty.
    mark: str = ""

    def write(self) -> bytes:
        """Return it as bytes."""
        # Without a mark as processes of former versions read them.
        mark = [self.mark] if self.mark else []
        return dumps([self.position, self.signals, self.present, *mark])

    @classmethod
    def read(cls, data: bytes) -> Letter:
        """Read one; raises ValueError."""
        return cls(*loads(data))


def signal_out(message: Message, data: Any) -> list[Any]:
    """Return a signal as it travels; `data` is what it says."""
    time = message.time.isoformat()
    return [message.topic, message.type, message.actor, data, time, message.public_id]


def signal_in(told: Sequence[Any]) -> Message:
    """Return the signal that another process sent, with the id that it has there."""
    topic, kind, actor, data, time, public_id = told
    message = Message(topic, kind, actor, data, datetime.fromisoformat(time))
    message.public_id = public_id
    return message
