"""A text as a CRDT (Yjs, by pycrdt), next to the same text as code units.

A document belongs to one thread: pycrdt's objects may not be shared. An update reaches the library
only after `updates` has taken it apart, found it safe and whole, and rewritten it where necessary.
"""

from __future__ import annotations

import sys
from typing import Any

from ...frozen import frozen
from ..text import delta as deltas
from ..text import steps
from ..text.delta import NO_CHANGE, Delta
from ..text.units import byte_offset, to_units
from ..updates import merge_cost, owners, pairs, parsing
from ..updates.bounds import MAX_CLIENTS, MAX_STRUCTS, Unusable
from ..updates.ledger import Ledger
from ..updates.loading import Loading
from ..updates.merge_cost import Spoilt
from ..updates.owners import NO_OWNER, own_client
from ..updates.pairs import Pairs
from ..updates.plan import Plan
from ..updates.structs import Id, Update
from ..updates.waiting import PendingUpdate, WaitingList, work_of
from . import library
from .library import Library

#: An update that does nothing.
NO_UPDATE = b"\0\0"
#: Pieces that a document may consist of: it then loads in some 15 ms, and takes some 24 MB.
MAX_PIECES = 60_000
#: Bytes that all of a document may take, written as one update. A text has up to 2 MiB of them.
MAX_DOCUMENT_BYTES = 8 * 2**20
#: Bytes that an empty document takes in memory.
DOCUMENT_BYTES = 32 * 1024
#: Bytes that each piece of a text takes in memory.
PIECE_BYTES = 400


class TooHeavy(Unusable):
    """The document would keep too many bytes, counting all its roots and what was deleted."""


@frozen
class Merged:
    """What became of an update: the update itself in full, and the change of the text."""

    update: bytes
    delta: Delta


class Document:
    """A live text; all changes go through here, so that both forms agree."""

    def __init__(self) -> None:
        self.units = ""
        #: About how many bytes all of it has, every root and what was deleted included.
        self.weight = 0
        #: Which person owns each client id, and which of these are not stored yet.
        self.owners: dict[int, int] = {}
        self.claimed: dict[int, int] = {}
        #: Whether part of the last update has to wait for what it refers to.
        self.lacks = False
        #: Structs that one merge takes, and those for which it had no room.
        self.at_once = MAX_STRUCTS
        self.left: Update | None = None
        #: Whether the stored form was complete when it was loaded, and no character was cut.
        self.sound, self.cut = True, False
        self.waiting = WaitingList()
        self._ledger, self._pairs = Ledger(), Pairs()
        self._unproven = 0
        self._library = Library(own_client())

    def load(self, updates: list[bytes]) -> None:
        """Take in what was stored, except for parts that can't be read or are not whole.

        Raises Spoilt for parts that the library can't add to what is here.
        """
        self.take(Loading(updates, self._ledger, self._pairs))

    def take(self, loading: Loading) -> None:
        """Have the library take in what was prepared, into this document or an empty one."""
        if self.units or self.weight:
            self._add(loading)
        else:
            self._begin(loading)
        self._ledger, self._pairs = loading.ledger, loading.pairs
        self.sound &= loading.sound
        self.cut |= loading.cut
        self._settle()
        self._unproven = self._ledger.size
        self.weight += loading.weight

    def _add(self, loading: Loading) -> None:
        if loading.here:
            self._replace(loading.here)
        self._library.add(loading.parts)

    def _begin(self, loading: Loading) -> None:
        client = own_client(loading.ledger.clocks)
        try:
            self._library = library.loaded(client, loading.parts)
        except Spoilt:
            self._library, _, errors = library.salvaged(client, loading.parts)
            for error in errors:
                loading.leave_out(error)
            loading.anew(self._library.doc.get_update())

    def _settle(self) -> None:
        """Read the text again."""
        self._library.forget()
        self.units = to_units(str(self._library.text))

    def close(self) -> None:
        """Release what the library keeps of it; the document can't be used afterwards."""
        self._library.close()

    @property
    def pieces(self) -> int:
        """Return about how many pieces the text is in."""
        return self._ledger.size

    @property
    def footprint(self) -> int:
        """Return about how many bytes it takes in memory, by what was measured."""
        pieces = PIECE_BYTES * self._ledger.size + self._pairs.footprint
        return DOCUMENT_BYTES + 2 * self.weight + sys.getsizeof(self.units) + pieces

    def change(self, delta: Delta) -> bytes:
        """Apply a change; returns it as an update, empty if nothing changed.

        Raises ValueError for a change that does not fit the text, and Spoilt.
        """
        changed = deltas.apply(self.units, delta)
        steps.check(self.units, delta)  # before anything is done
        self._library.write(steps.from_the_middle(steps.in_bytes(self.units, delta)))
        self.units = changed
        whole = self._taken()
        if whole:
            self._note(self._ledger.plan(parsing.read(whole, stored=True), trusted=True))
        return whole

    def merge(
        self, update: bytes | Update, person: int = NO_OWNER, *, all_it_has: bool = False
    ) -> Merged | None:
        """Apply a person's update; returns None if nothing in it is new and complete.

        Whatever exceeds `at_once` is `left`, to be merged in a later turn. Raises Unusable, and
        Spoilt if the document has to be rebuilt.
        """
        self.lacks, self.left = False, None
        known = update if isinstance(update, Update) else parsing.read(update)
        self._weigh(len(known.data))
        merged, done = self._merge(known, person, all_it_has=all_it_has), known.count
        while self.left is None and (waiting := self.waiting.take(self._ledger.clocks)):
            with self.waiting.billed(waiting):
                merged = self._with_waiting(merged, waiting)
            done += waiting.pieces
            if done > self.at_once and self.waiting.is_over(self._ledger.clocks):
                self.left = Update(NO_UPDATE)
        return merged

    def _weigh(self, more: int) -> None:
        """Raise TooHeavy for an update that would make all that the document keeps too large."""
        most = MAX_DOCUMENT_BYTES
        if self.weight + more > most and len(self.state()) + more > most:
            raise TooHeavy(f"all that the text keeps would be more than {most // 2**20} MiB")

    def _with_waiting(self, merged: Merged | None, waiting: PendingUpdate) -> Merged | None:
        try:
            more = self._merge(
                waiting.update, waiting.person, all_it_has=True, tries=waiting.tries + 1
            )
        except Spoilt:
            raise
        except Unusable:
            return merged
        if self.left is not None:
            self.waiting.add(waiting.ready)
            self.left = Update(NO_UPDATE)
        if more is None or merged is None:
            return more or merged
        from pycrdt import merge_updates  # large, and only needed once a text is opened

        whole = merge_updates(merged.update, more.update)
        return Merged(whole, deltas.compose(merged.delta, more.delta))

    def _merge(
        self, update: Update, person: int, *, all_it_has: bool, tries: int = 0
    ) -> Merged | None:
        plan = self.plan(update, person, all_it_has=all_it_has)
        if len(plan.structs) > self.at_once:
            plan, self.left = plan.first(self.at_once), update
        elif plan.missing:
            self.lacks = True
            self.waiting.add(PendingUpdate(update, person, plan.missing, work_of(update), tries))
        if plan.empty:
            return None
        if self._ledger.size + len(plan.structs) > MAX_PIECES:
            raise Unusable(f"the text is in more than {MAX_PIECES} pieces: put it in a new file")
        if merge_cost.look(self._library.doc, self._ledger.size, len(plan.structs), self._unproven):
            self._unproven = 0
        plan, replaced = self._undivided(plan)
        merge_cost.apply(self._library.doc, plan, self._ledger.size)
        self._note(plan)
        events = list(self._library.events)
        whole = self._taken()
        if not whole:
            return None
        delta = self._follow(events)
        self._claim(plan, person)
        return Merged(whole, deltas.compose(replaced, delta) if replaced else delta)

    def _claim(self, plan: Plan, person: int) -> None:
        for client in plan.since:
            if client not in self.owners:
                self.owners[client] = self.claimed[client] = person

    def plan(self, update: Update, person: int, *, all_it_has: bool) -> Plan:
        """Plan which parts of a person's update can be applied; raises Unusable."""
        clocks = self._ledger.clocks
        owners.check(update, clocks, self.owners, person, all_it_has=all_it_has)
        return self._ledger.plan(update)

    def _note(self, plan: Plan) -> None:
        self._ledger.note(plan)
        if plan.update.astral:
            self._pairs.note(plan.structs)
        self._unproven += len(plan.structs)

    def _follow(self, events: list[Any]) -> Delta:
        """Change the text as the library has changed its own; returns how, raises Spoilt."""
        try:
            delta = steps.in_units(self.units, events)
            self.units = deltas.apply(self.units, delta)
            return delta
        except steps.Embedded:
            raise Spoilt("only plain text can be edited, nothing embedded in it") from None
        except ValueError:
            raise Spoilt("what it changed can't be determined") from None

    def _taken(self) -> bytes:
        whole = self._library.taken()
        self.weight += len(whole)
        return whole

    def _undivided(self, plan: Plan) -> tuple[Plan, Delta]:
        """Replace the characters that an update divides, in it and here."""
        cut = self._pairs.divided(plan.update, pairs.cuts(plan))
        if not cut:
            return plan, NO_CHANGE
        known = self._ledger.clocks
        here = {one for one in cut if one[1] < known.get(one[0], 0)}
        replaced = self._replace(here) if here else NO_CHANGE
        if cut - here:
            plan = self._ledger.plan(pairs.undivided(plan.update, cut - here), trusted=True)
        return plan, replaced

    def _replace(self, cut: set[Id]) -> Delta:
        """Replace characters of the document; returns the change of the text."""
        old, state = self.units, parsing.read(self._library.doc.get_update(), stored=True)
        patched = pairs.patched(state, cut)
        self._library = Library(own_client(self._ledger.clocks), [patched])
        self._pairs.forget(cut)
        self._settle()
        return deltas.replaced(old, self.units)

    def state(self) -> bytes:
        """Return all of it as one update."""
        state = self._library.doc.get_update()
        self.weight = len(state)
        return state

    @property
    def clocks(self) -> dict[int, int]:
        """Return the clock up to which each client is known."""
        return self._ledger.clocks

    @property
    def size(self) -> int:
        """Return the text's bytes of UTF-8."""
        return byte_offset(self.units, len(self.units))

    @property
    def other_bytes(self) -> int:
        """Return about how many bytes it has besides the letters, in other roots and formats."""
        return self._ledger.others.bytes

    def vector(self) -> bytes:
        """Return what the document knows, as a state vector."""
        return self._library.doc.get_state()

    def missing(self, vector: bytes) -> bytes:
        """Return what somebody with this state vector lacks; raises Unusable."""
        clocks = self._ledger.clocks
        known = self._pairs.outside(parsing.read_vector(vector, len(clocks) + MAX_CLIENTS), clocks)
        return self._library.doc.get_update(parsing.write_vector(known))
