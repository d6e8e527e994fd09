"""A text as a CRDT (Yjs, by pycrdt), beside the same text as code units.

A document belongs to one thread: pycrdt's objects may not be shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, Text, TransactionEvent, merge_updates

from . import delta as deltas
from .delta import NOTHING, Builder, Delta
from .units import byte_offset, from_units, splits, to_units

#: What the shared text is called, for every editor.
NAME = "content"


class Unusable(Exception):
    """An update that can't be taken: it is no update, or not one of plain text."""


@dataclass(frozen=True)
class Merged:
    """What an update came to: the update itself in full, and the change of the text."""

    update: bytes
    delta: Delta


class Document:
    """A live text; all changes go through here, so that both forms agree."""

    def __init__(self) -> None:
        self._doc: Doc[Any] = Doc()
        self._text = self._doc.get(NAME, type=Text)
        self.units = ""
        self._updates: list[bytes] = []
        self._events: list[Any] = []
        self._observe(self._updates, self._events)

    def _observe(self, updates: list[bytes], events: list[Any]) -> None:
        """Note what changes.

        The observers don't know this object: with a cycle, garbage collection in any thread might
        free what belongs to one.
        """

        def on_transaction(event: TransactionEvent) -> None:
            updates.append(event.update)

        def on_text(event: Any) -> None:
            events.extend(event.delta)

        self._subscriptions = (self._doc.observe(on_transaction), self._text.observe(on_text))

    def load(self, updates: list[bytes]) -> None:
        """Take in what was stored."""
        with self._doc.transaction():
            for update in updates:
                self._doc.apply_update(update)
        self._updates.clear()
        self._events.clear()
        self.units = to_units(str(self._text))

    def change(self, delta: Delta) -> bytes:
        """Apply a change; returns it as an update, empty if nothing changed.

        Raises ValueError for a change that does not fit the text.
        """
        changed = deltas.apply(self.units, delta)
        self._check(delta)  # before anything is done
        self._write(delta)
        self.units = changed
        return self._taken()

    def _check(self, delta: Delta) -> None:
        """Raise ValueError for a step that begins, ends or is in the middle of a character.

        That the changed text is whole is not enough: halves of two characters may make a third.
        """
        at = 0
        for step in delta:
            if isinstance(step, str):
                from_units(step)
            else:
                at += abs(step)
            if splits(self.units, at):
                raise ValueError("surrogates: a character is cut in two")

    def _write(self, delta: Delta) -> None:
        """Carry a change out on the CRDT, whose positions are bytes of UTF-8.

        From its end: the CRDT finds a place by walking along its pieces from the beginning, and
        what stands before a step is then not in pieces yet.
        """
        places, at, here = [], 0, 0  # in the old text: in units, and in bytes
        for step in delta:
            length = 0 if isinstance(step, str) else self._bytes(at, at + abs(step))
            places.append((step, here, length))
            at += 0 if isinstance(step, str) else abs(step)
            here += length
        with self._doc.transaction():
            for step, here, length in reversed(places):
                if isinstance(step, str):
                    self._text.insert(here, from_units(step))
                elif step < 0:
                    del self._text[here : here + length]

    def _bytes(self, start: int, end: int) -> int:
        return byte_offset(self.units[start:end], end - start)

    def merge(self, update: bytes) -> Merged | None:
        """Take an editor's update in; None if there was nothing new in it, or parts are missing.

        Raises Unusable.
        """
        try:
            self._doc.apply_update(update)
        except ValueError as error:
            raise Unusable(f"it is no update: {error}") from None
        except BaseException as error:  # a panic of the library's is no Exception
            raise Unusable(f"it can't be read: {type(error).__name__}") from None
        events = list(self._events)
        whole = self._taken()
        if not whole:
            return None
        delta = self._delta(events)
        self.units = deltas.apply(self.units, delta)
        return Merged(whole, delta)

    def _delta(self, events: list[Any]) -> Delta:
        """Return an event's steps, counted in bytes, as a change of code units."""
        if not events:
            return NOTHING
        builder, at = Builder(), 0
        old = from_units(self.units).encode() if not self.units.isascii() else b""
        for step in events:
            if "insert" in step:
                if not isinstance(step["insert"], str):
                    raise Unusable("only plain text can be edited, nothing embedded in it")
                builder.insert(to_units(step["insert"]))
                continue
            count = step.get("retain", step.get("delete"))
            length = len(to_units(old[at : at + count].decode())) if old else count
            at += count
            builder.add(length if "retain" in step else -length)
        return builder.built()

    def _taken(self) -> bytes:
        updates = list(self._updates)
        self._updates.clear()
        self._events.clear()
        return merge_updates(*updates) if len(updates) > 1 else b"".join(updates)

    def state(self) -> bytes:
        """Return all of it as one update."""
        return self._doc.get_update()

    def vector(self) -> bytes:
        """Return what it knows, as a state vector."""
        return self._doc.get_state()

    def missing(self, vector: bytes) -> bytes:
        """Return what somebody with this state vector lacks; raises Unusable."""
        try:
            return self._doc.get_update(vector)
        except ValueError as error:
            raise Unusable(f"it is no state vector: {error}") from None


def brings_news(state: bytes, update: bytes) -> bool:
    """Tell whether a document in a state would change by an update, without changing any."""
    document = Document()
    document.load([state])
    try:
        return document.merge(update) is not None
    except Unusable:
        return True
