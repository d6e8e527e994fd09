"""What members publish: recorded events, and signals that are sent and forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Forbidden, invalid
from ..core.json import count_values, dumps
from ..core.slots import Registry
from ..events import log
from ..events.catalogue import canonical_type, reserved
from ..events.log import Published
from ..events.message import Message
from ..events.types import OPEN_TYPES, TYPE_PATTERN, same_type
from ..extensions import db
from ..frozen import frozen
from ..projects import access
from ..projects.access import Place, Right
from .json_door.protocol import PROTOCOL_TYPES
from .transport.live import live

NAME_PATTERN = re.compile(TYPE_PATTERN)

#: The payload of one event, and of a signal, in bytes of JSON.
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_SIGNAL_BYTES = 4 * 1024
#: Values and member names in it, whatever their length.
MAX_PAYLOAD_VALUES = 10_000
#: About how many bytes go with each payload: the envelope.
ENVELOPE_BYTES = 256


class ReservedType(Forbidden):
    """Only the server itself records events of this type; use a name of your own."""


@frozen
class Draft:
    """An event that somebody wants to publish, its type checked."""

    kind: str
    payload: dict[str, Any]
    #: Bytes of its JSON.
    size: int

    @property
    def kept(self) -> bool:
        """Return whether it becomes a row."""
        known = OPEN_TYPES.get(self.kind)
        return known is None or known.kept

    @property
    def right(self) -> Right:
        """Return the right that publishing it requires."""
        known = OPEN_TYPES.get(self.kind)
        return Right(known.right) if known else Right.WRITE


def draft(kind: object, payload: object) -> Draft:
    """Check a type and its payload; raises Unprocessable, ReservedType."""
    if not isinstance(kind, str) or not NAME_PATTERN.fullmatch(kind):
        raise invalid("type", "Must be words of lower-case letters and digits, joined by . or _.")
    if not isinstance(payload, dict):
        raise invalid("payload", "Must be an object.")
    # Before the look-up: `file_changed` and `file.changed` are one type, so neither slips past.
    name = canonical_type(kind)
    if reserved(name) or same_type(name) in PROTOCOL_TYPES:
        raise ReservedType(f"Only the server publishes {name}; use a name of your own.")
    written = dumps(payload)
    what = Draft(name, payload, len(written))
    limit = MAX_PAYLOAD_BYTES if what.kept else MAX_SIGNAL_BYTES
    if what.size > limit:
        raise invalid("payload", f"Must be at most {limit // 1024} KiB of JSON.")
    if count_values(written, MAX_PAYLOAD_VALUES) > MAX_PAYLOAD_VALUES:
        raise invalid("payload", f"Must have at most {MAX_PAYLOAD_VALUES:,} values and names.")
    return what


def record(what: Draft, topic: str, caller: Caller) -> Message:
    """Write an event to the log and return it; raises NotFound, Forbidden, TooManyRequests."""
    message = add(what, topic, caller)
    db.session.commit()
    return message


def add(what: Draft, topic: str, caller: Caller) -> Message:
    """Write an event in the open transaction; raises NotFound, Forbidden, TooManyRequests."""
    started = live()  # it reads the log when it starts, before this has the lock
    take_write_lock()
    # Under the lock: a member who is removed at this moment publishes nothing after that.
    place = access.place(topic, caller, can=what.right)
    started.publications.spend(caller.user_id, what.size + ENVELOPE_BYTES)
    event = Published(
        kind=what.kind, where=place.topic, project_id=place.project_id, payload=what.payload
    )
    return log.record(event, caller.user_id)


def signal(what: Draft, place: Place, caller: Caller) -> Message:
    """Make a signal's message.

    Raises Forbidden, TooManyRequests, and what its hook raises.
    """
    access.check(place.role, what.right)
    live().signals.spend(caller.user_id, what.size + ENVELOPE_BYTES)
    hook = _HOOKS.here().get((place.topic.partition(":")[0], what.kind))
    payload = hook(place, caller, what.payload) if hook else what.payload
    return Message.signal(place.topic, what.kind, caller.user_id, payload)


def is_hooked(topic: str, kind: str) -> bool:
    """Return whether a higher package sees signals of a type on a topic."""
    return (topic.partition(":")[0], kind) in _HOOKS.here()


Hook = Callable[[Place, Caller, dict[str, Any]], dict[str, Any]]

_HOOKS: Registry[dict[tuple[str, str], Hook]] = Registry("signal hooks", lambda _: {})


def on_signal(app: Flask, word: str, kind: str, hook: Hook) -> None:
    """Let a higher package see signals of a type on topics `word:<id>`, and say what is sent."""
    _HOOKS.of(app)[word, kind] = hook
