"""A text as a CRDT (Yjs, by pycrdt), next to the same text as code units.

A document belongs to one thread: pycrdt's objects may not be shared. No update reaches the library
but what `updates` has taken apart, found safe and whole, and rewritten where it has to be.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, Text, TransactionEvent, merge_updates

from ..text import delta as deltas
from ..text.delta import NO_CHANGE, Delta
from ..text.units import byte_offset, to_units
from ..updates import owners, pairs, walk, weighing
from ..updates.bounds import MAX_CLIENTS, Unusable
from ..updates.ledger import TEXT_ROOT, Ledger
from ..updates.owners import NO_OWNER, own_client
from ..updates.pairs import Pairs
from ..updates.plan import Plan
from ..updates.structs import Id, Update
from ..updates.waiting import Waiting, WaitingList, work_of
from ..updates.weighing import Spoilt
from . import steps

logger = logging.getLogger(__name__)

#: What the shared text is called.
ROOT_NAME = TEXT_ROOT


@dataclass(frozen=True)
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
        #: Whether everything was there when it was loaded, and no character was cut in two.
        self.sound, self.cut = True, False
        self.waiting = WaitingList()
        self._ledger, self._pairs = Ledger(), Pairs()
        self._unproven = 0
        self._open()

    def _open(self) -> None:
        """Begin with an empty document of the library's."""
        self._doc: Doc[Any] = Doc(client_id=own_client(self._ledger.clocks))
        self._text = self._doc.get(ROOT_NAME, type=Text)
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
        """Load what was stored; parts that can't be read or are incomplete are left out."""
        found = [one for one in map(self._stored, updates) if one is not None]
        here, cut = self._pairs.divided_by(found), pairs.divided_in(found)
        self.cut |= bool(cut)
        if here:
            self._replace(here)
        found = [pairs.undivided(one, cut) for one in found]
        try:
            with weighing.panics(), self._doc.transaction():  # one: each tells what it changed
                self._absorb_all(found)
        except Spoilt as error:
            self._left_out(error)
            self._ledger, self._pairs = Ledger(), Pairs()
            self._open()
            self._absorb_all(found)
        self._settle()
        self._unproven = self._ledger.size
        self.weight += sum(map(len, updates))

    def _absorb_all(self, updates: list[Update]) -> None:
        for update in updates:
            self._absorb(update)

    def _stored(self, update: bytes) -> Update | None:
        try:
            found = walk.read(update, stored=True)
        except Unusable as error:
            self._left_out(error)
            return None
        self.sound &= found.clean
        return found

    def _absorb(self, update: Update) -> None:
        try:
            plan = self._ledger.plan(update, trusted=True)
            if plan.missing:
                self._left_out(f"it lacks what {sorted(plan.missing)} made")
            if not plan.empty:
                self._carry_out(plan)
        except Unusable as error:
            self._left_out(error)

    def _left_out(self, reason: object) -> None:
        logger.error("a stored update of a text was left out, or part of it: %s", reason)
        self.sound = False

    def _settle(self) -> None:
        """Read the text again."""
        self._updates.clear()
        self._events.clear()
        self.units = to_units(str(self._text))

    @property
    def pieces(self) -> int:
        """Return about how many pieces the text is in."""
        return self._ledger.size

    def change(self, delta: Delta) -> bytes:
        """Apply a change; returns it as an update, empty if nothing changed.

        Raises ValueError for a change that does not fit the text, and Spoilt.
        """
        changed = deltas.apply(self.units, delta)
        steps.check(self.units, delta)  # before anything is done
        with weighing.panics():
            self._write(delta)
        self.units = changed
        whole = self._taken()
        if whole:
            self._note(self._ledger.plan(walk.read(whole, stored=True), trusted=True))
        return whole

    def _write(self, delta: Delta) -> None:
        with self._doc.transaction():
            for place in steps.from_the_middle(steps.in_bytes(self.units, delta)):
                if place.insert:
                    self._text.insert(place.here, place.insert)
                else:
                    del self._text[place.here : place.here + place.delete]

    def merge(
        self, update: bytes, person: int = NO_OWNER, *, all_it_has: bool = False
    ) -> Merged | None:
        """Apply a person's update; returns None if nothing in it is new and complete.

        Raises Unusable, and Spoilt if the document has to be rebuilt.
        """
        self.lacks = False
        merged = self._merge(update, person, all_it_has=all_it_has)
        while merged is not None and (waiting := self.waiting.take(self._ledger.clocks)):
            with self.waiting.billed(waiting):
                merged = self._with_waiting(merged, waiting)
        return merged

    def _with_waiting(self, merged: Merged, waiting: Waiting) -> Merged:
        try:
            more = self._merge(
                waiting.update, waiting.person, all_it_has=True, tries=waiting.tries + 1
            )
        except Spoilt:
            raise
        except Unusable:
            return merged
        if more is None:
            return merged
        whole = merge_updates(merged.update, more.update)
        return Merged(whole, deltas.compose(merged.delta, more.delta))

    def _merge(
        self, update: bytes, person: int, *, all_it_has: bool, tries: int = 0
    ) -> Merged | None:
        plan = self.plan(walk.read(update), person, all_it_has=all_it_has)
        if plan.missing:
            self.lacks = True
            work = work_of(plan.update)
            self.waiting.add(Waiting(update, person, plan.missing, work, tries))
        if plan.empty:
            return None
        if weighing.look(self._doc, self._ledger.size, len(plan.structs), self._unproven):
            self._unproven = 0
        plan, replaced = self._undivided(plan)
        self._carry_out(plan)
        events = list(self._events)
        whole = self._taken()
        if not whole:
            return None
        delta = self._delta(events)
        self.units = deltas.apply(self.units, delta)
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

    def _carry_out(self, plan: Plan) -> None:
        weighing.apply(self._doc, plan, self._ledger.size)
        self._note(plan)

    def _note(self, plan: Plan) -> None:
        self._ledger.note(plan.structs)
        if plan.update.astral:
            self._pairs.note(plan.structs)
        self._unproven += len(plan.structs)

    def _delta(self, events: list[Any]) -> Delta:
        try:
            return steps.in_units(self.units, events)
        except steps.Embedded:
            raise Spoilt("only plain text can be edited, nothing embedded in it") from None
        except ValueError:
            raise Spoilt("what it changed can't be determined") from None

    def _taken(self) -> bytes:
        updates = list(self._updates)
        self._updates.clear()
        self._events.clear()
        whole = merge_updates(*updates) if len(updates) > 1 else b"".join(updates)
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
        old, state = self.units, walk.read(self._doc.get_update(), stored=True)
        self._open()
        self._doc.apply_update(pairs.patched(state, cut))
        self._pairs.forget(cut)
        self._settle()
        return deltas.replaced(old, self.units)

    def state(self) -> bytes:
        """Return all of it as one update."""
        state = self._doc.get_update()
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

    def vector(self) -> bytes:
        """Return that as a state vector."""
        return self._doc.get_state()

    def missing(self, vector: bytes) -> bytes:
        """Return what somebody with this state vector lacks; raises Unusable."""
        clocks = self._ledger.clocks
        known = self._pairs.outside(walk.read_vector(vector, len(clocks) + MAX_CLIENTS), clocks)
        return self._doc.get_update(walk.write_vector(known))
