"""The stages that an event goes through, in order: this file is the whole pipeline at a glance.

Each stage is a function that takes an event and returns it, or raises `Rejected`: then the event
becomes a dead letter, with the stage and the reason, and its neighbours continue. A stage keeps
nothing and reads neither clock nor disk: what it needs to know is in its `Context`. The two stages
that work on many events at once, `deduplicate` and `load`, get a transaction of the store.

    validate -> (plugins) -> deduplicate -> enrich -> transform -> load

A plugin is a function `stage(events, context)` of an installed module, named by the setting
INGEST_PLUGINS; `outside.py` has one that asks another service, and shows what such a stage needs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .event import Event, Rejected, read
from .formats import is_sound
from .rules import Rule

#: A sender's clock may be wrong by this much before its times are corrected, in milliseconds.
MAX_SKEW_MS = 60_000
#: An event without a sender's clock may be this far in the future.
MAX_FUTURE_MS = 300_000
#: An event that comes this long after its time is late: its minute may have been read.
LATE_AFTER_MS = 300_000

UNSOUND_REASON = "The event is too deep, or holds half a character, a number beyond 64 bits or NaN."

#: Checks an event's data: returns a sentence about what is wrong, or None.
Check = Callable[[dict[str, Any]], str | None]


@dataclass(frozen=True)
class KnownSource:
    """What the pipeline knows about a source: its project's schemas and its own rules."""

    id: int
    project: int
    name: str = ""
    rejects_unknown: bool = False
    rules: tuple[Rule, ...] = ()
    #: By event type and version; version "" means any.
    checks: Mapping[tuple[str, str], Check] = field(default_factory=dict)
    types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Context:
    """What is known about the request that brought an event."""

    source: KnownSource
    receipt: int | str
    received: int
    user_agent: str | None = None
    #: The account whose token sent it, if no write key did.
    account: int | None = None
    #: Milliseconds by which the sender's clock is slow, as far as it said when it sent.
    skew_ms: int | None = None
    suspect: bool = False
    #: The key of the rule `hash`, of this installation.
    hash_key: bytes = b""
    #: When a replayed event was first received.
    first_received: int | None = None


def validate(value: object, format: str, place: int, context: Context) -> Event:
    """Make an event from what was sent, and check it against its type's schema."""
    if context.suspect and not is_sound(value):
        raise Rejected("validate", UNSOUND_REASON)
    # The very first time, if it is replayed: an event without a time is dated then.
    event = read(value, format, context.first_received or context.received)
    event.received = context.received
    event.source, event.project = context.source.id, context.source.project
    event.receipt = f"{context.receipt}:{place}"
    # The request and the place in it: loaded again, it is recognised as the same event.
    event.event_id = event.event_id or event.receipt
    if context.source.types or context.source.rejects_unknown:
        _check_schema(event, context.source)
    return event


def _check_schema(event: Event, source: KnownSource) -> None:
    version = event.metadata.get("version")
    checks = source.checks
    check = checks.get((event.type, version if isinstance(version, str) else "")) or checks.get(
        (event.type, "")
    )
    if check is not None:
        if wrong := check(event.data):
            raise Rejected("validate", wrong)
    elif event.type in source.types:
        raise Rejected("validate", f"There is no schema for version {version!r} of this type.")
    elif source.rejects_unknown:
        raise Rejected("validate", "There is no schema for this type of event.")


def deduplicate(
    events: Sequence[Event], unseen: Callable[[Sequence[Event]], set[int]]
) -> list[Event]:
    """Return the events that have not been seen; `unseen` notes them and returns their places."""
    fresh = unseen(events)
    return [event for place, event in enumerate(events) if place in fresh]


def enrich(event: Event, context: Context) -> Event:
    """Add what only the receiver knows; correct the time of a clock that is wrong."""
    metadata, sent = event.metadata, event.ts
    event.ts = corrected(sent, event.received, context.skew_ms)
    if event.ts != sent:
        metadata["sent_ts"] = sent
    event.late = event.received - event.ts > LATE_AFTER_MS
    if context.user_agent:
        metadata["user_agent"] = context.user_agent
    if context.account is not None:
        metadata["account"] = context.account
    return event


def corrected(ts: int, received: int, skew_ms: int | None) -> int:
    """Return when an event happened, by our clock: its sender's may be slow or fast."""
    # Below that it is the request's travel time, not the clock: correcting would only make times
    # jump.
    if skew_ms is not None and abs(skew_ms) > MAX_SKEW_MS:
        ts += skew_ms
    return max(0, received if ts > received + MAX_FUTURE_MS else ts)


def transform(event: Event, context: Context) -> Event:
    """Rename, derive, drop, mask and hash, by the rules of the source."""
    for rule in context.source.rules:
        if rule.type is None or rule.type == event.type:
            rule.apply(event, lambda text: keyed_hash(context.hash_key, text))
    return event


def keyed_hash(key: bytes, text: str) -> str:
    """Return a stand-in for a text: the same for the same text, useless without the key."""
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def load(events: Sequence[Event], insert: Callable[[Sequence[Event]], list[int]]) -> list[int]:
    """Store the events; returns the bytes that each takes."""
    return insert(events)


@dataclass(frozen=True)
class Stage:
    """A stage as documented for people: `single` works on one event, otherwise on many at once."""

    name: str
    run: Callable[..., Any]
    single: bool
    #: What may end an event's way here.
    ends_as: str | None = None


STAGES = (
    Stage("validate", validate, True, "dead letter"),
    Stage("deduplicate", deduplicate, False, "duplicate"),
    Stage("enrich", enrich, True),
    Stage("transform", transform, True, "dead letter"),
    Stage("load", load, False, "stored"),
)
