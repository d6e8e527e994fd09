"""What a load is working on: requests, events on their way, letters for rejected ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .archives.archive import Slot
from .event import NUL_CHARACTER, Event
from .formats import payloads
from .stages import Context


@dataclass(slots=True)
class Row:
    """A request, taken from the inbox: its number there, or its entry's id in the stream."""

    id: int | str
    project: int
    source: int
    received: int
    format: str
    events: int
    context: str
    body: bytes
    #: The bytes of each event, cut when the first of them is needed.
    _cut: list[bytes] | None = None

    def payload(self, place: int) -> bytes:
        """Return the bytes of one event as they were sent; slow the first time."""
        if self._cut is None:
            self._cut = self._payloads()
        return self._cut[place] if place < len(self._cut) else self.body

    def _payloads(self) -> list[bytes]:
        try:
            return payloads(self.format, self.body)
        except (ValueError, IndexError, RecursionError):
            return []


@dataclass(slots=True)
class Item:
    """An event on its way through a load, and what is needed if it is rejected."""

    event: Event
    context: Context
    row: Row
    place: int
    value: Any


@dataclass(slots=True)
class Letter:
    """A rejected event, with its bytes as they were sent."""

    row: Row
    context: Context
    place: int
    stage: str
    reason: str
    payload: bytes
    event_id: str | None = None
    type: str | None = None

    @property
    def receipt(self) -> str:
        """The number of its request, and its place there."""
        return f"{self.context.receipt}:{self.place}"


@dataclass
class Batch:
    """What becomes of the requests of a load."""

    items: list[Item] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    lines: dict[Slot, list[bytes]] = field(default_factory=dict)
    #: How many events each request has, by its number.
    found: dict[int | str, int] = field(default_factory=dict)


def letter_of(item: Item, stage: str, reason: str) -> Letter:
    """Make a letter from an event that had been read."""
    event = item.event
    payload = item.row.payload(item.place)
    return Letter(
        item.row, item.context, item.place, stage, reason, payload, event.event_id, event.type
    )


def letter_of_sent(row: Row, context: Context, place: int, reason: str, value: object) -> Letter:
    """Make a letter from something that could not be read as an event."""
    sent = value if isinstance(value, dict) else {}
    key = _first_text(sent, ("event_id", "messageId", "id"))
    kind = _first_text(sent, ("event_type", "event", "type"))
    return Letter(row, context, place, "validate", reason, row.payload(place), key, kind)


def _first_text(sent: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """Return the first text under these names, cut, and in a form that can be stored."""
    found = next((sent[name] for name in names if isinstance(sent.get(name), str)), None)
    return found and storable(found[:200])


def storable(text: str) -> str:
    """Return a text as a store can take it: without half characters or NUL."""
    return text.encode("utf-8", "replace").decode().replace(NUL_CHARACTER, "?")
