"""What happens to the sources of a project's events, their schemas, and rejected events."""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from ..corrections import ReadAnew
from ..types import ProjectEvent


@frozen(kw_only=True)
class SourceCreated(ProjectEvent):
    """A source of events was made, with a write key."""

    type = "source.created"
    source_id: int
    name: str


@frozen(kw_only=True)
class SourceUpdated(ProjectEvent):
    """A source changed; `changes` has the new values."""

    type = "source.updated"
    #: The write keys that a process has cached are stale.
    corrects = ReadAnew()
    source_id: int
    name: str
    changes: dict[str, Any]


@frozen(kw_only=True)
class SourceKeyRotated(ProjectEvent):
    """A source got a new write key; the previous one stays valid for `overlap_seconds` more."""

    type = "source.key_rotated"
    corrects = ReadAnew()
    source_id: int
    name: str
    overlap_seconds: int


@frozen(kw_only=True)
class SourceKeyRevoked(ProjectEvent):
    """Write keys of a source ended: `all` of them, or only the `previous` one."""

    type = "source.key_revoked"
    corrects = ReadAnew()
    source_id: int
    name: str
    keys: str


@frozen(kw_only=True)
class SourceDeleted(ProjectEvent):
    """A source was deleted, with its keys and everything that it has sent."""

    type = "source.deleted"
    corrects = ReadAnew()
    source_id: int
    name: str


@frozen(kw_only=True)
class SchemaRegistered(ProjectEvent):
    """A schema was registered: events of the type are checked against it from now on."""

    type = "schema.registered"
    #: What processes have cached about the project's sources is stale.
    corrects = ReadAnew()
    schema_id: int
    event_type: str
    event_version: str


@frozen(kw_only=True)
class SchemaDeleted(ProjectEvent):
    """A schema was deleted."""

    type = "schema.deleted"
    corrects = ReadAnew()
    schema_id: int
    event_type: str
    event_version: str


@frozen(kw_only=True)
class DeadLetterCorrected(ProjectEvent):
    """The replacement to send for a dead letter was changed."""

    type = "dead_letter.corrected"
    letter_id: int


@frozen(kw_only=True)
class DeadLettersReplayed(ProjectEvent):
    """Dead letters were sent again."""

    type = "dead_letters.replayed"
    count: int


@frozen(kw_only=True)
class DeadLettersDiscarded(ProjectEvent):
    """Dead letters were discarded."""

    type = "dead_letters.discarded"
    count: int
