"""A text's stored form, taken apart and put in order: all of loading except the library's part.

It needs no document, so the thread that asks for the text does it, not the one that all texts
share.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from . import pairs, parsing
from .bounds import Unusable
from .ledger import Ledger
from .pairs import Pairs
from .plan import Plan
from .structs import Id, Update

logger = logging.getLogger(__name__)

#: Stored structs that the library is given at once: some 10 ms, and up to 100 where all of them are
#: at one place. They were checked when they were accepted.
MAX_PART_STRUCTS = 10_000


class Loading:
    """Stored updates, and what is known about the document that they make or are added to."""

    def __init__(
        self, updates: list[bytes], ledger: Ledger | None = None, known: Pairs | None = None
    ) -> None:
        #: Whether all of it could be read and was whole; whether a character was cut in two.
        self.sound, self.cut = True, False
        self.ledger, self.pairs = ledger or Ledger(), known or Pairs()
        self.weight = sum(map(len, updates))
        #: What the library is to be given, in order, and what it has to replace before that.
        self.parts: list[bytes] = []
        self.here: set[Id] = set()
        self._prepare([one for one in map(self._read, updates) if one is not None])

    def anew(self, state: bytes) -> None:
        """Start from a document's state, and know nothing else."""
        again = Loading([state])
        self.ledger, self.pairs = again.ledger, again.pairs

    def leave_out(self, reason: object) -> None:
        """Note that something that is stored can't be loaded."""
        logger.error("a stored update of a text was left out, or part of it: %s", reason)
        self.sound = False

    def _read(self, update: bytes) -> Update | None:
        try:
            found = parsing.read(update, stored=True)
        except Unusable as error:
            self.leave_out(error)
            return None
        self.sound &= found.clean
        return found

    def _prepare(self, updates: list[Update]) -> None:
        self.here, cut = self.pairs.divided_by(updates), pairs.divided_in(updates)
        self.cut = bool(cut)
        for update in (pairs.undivided(one, cut) for one in updates):
            try:
                self._plan(update)
            except Unusable as error:
                self.leave_out(error)

    def _plan(self, update: Update) -> None:
        plan = self.ledger.plan(update, trusted=True)
        if plan.missing:
            self.leave_out(f"it lacks what {sorted(plan.missing)} made")
        self.parts += in_parts(plan)
        self.ledger.note(plan)
        if update.astral:
            self.pairs.note(plan.structs)


def in_parts(plan: Plan) -> Iterator[bytes]:
    """Return the plan as updates for the library to take one after the other."""
    if plan.empty:
        return
    if len(plan.structs) <= MAX_PART_STRUCTS:
        yield plan.encoded()
        return
    for at in range(0, len(plan.structs), MAX_PART_STRUCTS):
        yield plan.write(plan.structs[at : at + MAX_PART_STRUCTS], {})
    yield plan.write([], plan.deletes)
