"""The library's own document (Yjs, by pycrdt), and what it reports of its changes.

It belongs to one thread: pycrdt's objects may not be shared.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..text.steps import Place
from ..updates import merge_cost
from ..updates.ledger import TEXT_ROOT
from ..updates.merge_cost import Spoilt

if TYPE_CHECKING:
    from pycrdt import Doc, Subscription, TransactionEvent

#: The shared text's name.
ROOT_NAME = TEXT_ROOT


class Library:
    """A document of the library, made from updates that are announced to nobody."""

    def __init__(self, client: int, parts: Iterable[bytes] = ()) -> None:
        from pycrdt import Doc, Text  # large, and only needed once a text is opened

        # pycrdt's objects may only be freed in their own thread.
        self._thread = threading.get_ident()
        self._subscriptions: tuple[Subscription, ...] = ()
        self.doc: Doc[Any] = Doc(client_id=client)
        self.text = self.doc.get(ROOT_NAME, type=Text)
        for part in parts:
            self.doc.apply_update(part)
        self._updates: list[bytes] = []
        #: What has changed in the text, as the library reports it.
        self.events: list[Any] = []
        self._observe(self._updates, self.events)

    def _observe(self, updates: list[bytes], events: list[Any]) -> None:
        """Note what changes.

        The observers don't reference this object: with a cycle, the garbage collector might free
        its parts in another thread.
        """

        def on_transaction(event: TransactionEvent) -> None:
            updates.append(event.update)

        def on_text(event: Any) -> None:
            events.extend(event.delta)

        # The text's own event type also works out its place, which nobody needs: without that it
        # takes a tenth of the time.
        raw = self.text.integrated.observe(on_text)
        self._subscriptions = (self.doc.observe(on_transaction), raw)

    def __del__(self) -> None:
        if threading.get_ident() == self._thread:
            self.close()

    def close(self) -> None:
        """Release the document: an observer that is not stopped keeps it for ever."""
        subscriptions, self._subscriptions = self._subscriptions, ()
        for one in subscriptions:
            one.drop()

    def add(self, parts: Iterable[bytes]) -> None:
        """Take in updates that have been checked; raises Spoilt."""
        with merge_cost.panics(), self.doc.transaction():  # one: each reports what it changed
            for part in parts:
                self.doc.apply_update(part)

    def write(self, places: Iterable[Place]) -> None:
        """Change the text at places, one after the other; raises Spoilt."""
        with merge_cost.panics(), self.doc.transaction():
            for place in places:
                if place.insert:
                    self.text.insert(place.here, place.insert)
                else:
                    del self.text[place.here : place.here + place.delete]

    def taken(self) -> bytes:
        """Return what was changed since it was asked for, as one update, and forget it."""
        from pycrdt import merge_updates

        updates = list(self._updates)
        self.forget()
        # A single update is the usual case, and needs no merging by the library.
        return merge_updates(*updates) if len(updates) > 1 else b"".join(updates)

    def forget(self) -> None:
        """Forget what was changed."""
        self._updates.clear()
        self.events.clear()


def loaded(client: int, parts: list[bytes]) -> Library:
    """Make a document from what was stored; raises Spoilt."""
    try:
        with merge_cost.panics():
            return Library(client, parts)
    except (ValueError, RuntimeError) as error:
        raise Spoilt(f"the library can't take it: {error}") from None


def salvaged(client: int, parts: list[bytes]) -> tuple[Library, list[bytes], list[Spoilt]]:
    """Make a document from what the library can take; returns it, and why the rest is left out."""
    good: list[bytes] = []
    errors: list[Spoilt] = []
    library = loaded(client, good)
    for part in parts:
        try:
            with merge_cost.panics():
                library.doc.apply_update(part)
            good.append(part)
        except (Spoilt, ValueError, RuntimeError) as error:
            errors.append(Spoilt(str(error)))
            library = loaded(client, good)
    library.forget()
    return library, good, errors
