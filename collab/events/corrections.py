"""What an event takes away from live readers. Its class says so, and the hub obeys."""

from __future__ import annotations

from ..frozen import frozen
from .close_codes import TOKEN_ENDED


@frozen
class DropProject:
    """Followers lose all topics of the event's project; `member` names the one it concerns."""

    #: The member of the event's data that is their id; None: everybody.
    member: str | None = None


@frozen
class DropTopic:
    """Followers lose one topic: a template, filled in from the event's data."""

    topic: str


@frozen
class EndConnections:
    """Connections end: those of a session (`session_id`) or of a person (`user_id`)."""

    member: str
    #: The close code; that of an ended session is final.
    code: int = TOKEN_ENDED


@frozen
class ReadAnew:
    """Nobody loses a topic, but rights that processes have cached are stale."""


Correction = DropProject | DropTopic | EndConnections | ReadAnew
