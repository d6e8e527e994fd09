"""What would happen to dead letters if they were replayed: the pure stages, and a check of ids."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..pipeline.engines.face import Key, Store
from ..pipeline.event import Rejected
from ..pipeline.formats import Undecodable, decode
from ..pipeline.sources import SourceReader
from ..pipeline.stages import Context, KnownSource, enrich, transform, validate
from ..pipeline.store import OPEN
from ..pipeline.tables import is_known, key_of
from ..pipeline.unpacking import skew
from ..reading.periods import milliseconds
from . import finding
from .changing import UNCHANGED, Outcome
from .letter import Letter

STORED = "stored"
DUPLICATE = "duplicate"
REJECTED = "rejected"
#: For letters that there was no time to check.
UNKNOWN = "unknown"

#: Seconds that a rehearsal may take.
PATIENCE_S = 2.0


class Rehearsal:
    """Goes through the stages with letters, as if they were replayed together at this moment."""

    def __init__(self, connection: Store, sources: SourceReader, hash_key: bytes, now: int) -> None:
        self._connection, self._sources = connection, sources
        self._hash_key, self._now = hash_key, now
        self._known: set[Key] = set()

    def of(self, ids: Sequence[int], patience_s: float = PATIENCE_S) -> list[Outcome]:
        """Return what would become of each letter; nothing changes."""
        deadline = time.monotonic() + patience_s
        return [
            self._one(key)
            if time.monotonic() < deadline
            else Outcome(key, UNKNOWN, reason="There was no time left for it: ask for fewer.")
            for key in ids
        ]

    def _one(self, key: int) -> Outcome:
        letter = finding.load(self._connection, key)
        if letter is None:
            return Outcome(key, UNCHANGED, reason="It is gone.")
        if letter.state != OPEN:
            return Outcome(key, UNCHANGED, reason=f"It is {letter.state} already.")
        source = self._sources.get([letter.source_id]).get(letter.source_id)
        if source is None:
            return Outcome(key, REJECTED, "validate", "Its source has been deleted.")
        try:
            return Outcome(key, self._through(letter, source))
        except Rejected as error:
            return Outcome(key, REJECTED, error.stage, error.reason)
        except Undecodable as error:
            return Outcome(key, REJECTED, "validate", f"What was sent {error}.")

    def _through(self, letter: Letter, source: KnownSource) -> str:
        """Return what would become of a letter; raises Rejected, Undecodable."""
        body = decode(letter.format, letter.corrected_to or letter.sent)
        context = self._context(letter, source, body.suspect)
        event = validate(body.values[0] if body.values else None, letter.format, 0, context)
        known = key_of(event)
        if known in self._known or is_known(self._connection, known):
            return DUPLICATE
        # Two letters with the same id: the second would be a duplicate of the first.
        self._known.add(known)
        transform(enrich(event, context), context)
        return STORED

    def _context(self, letter: Letter, source: KnownSource, suspect: bool) -> Context:
        said = letter.context
        first = said.get("first_received", milliseconds(letter.received_at))
        return Context(
            source,
            0,
            self._now,
            said.get("user_agent"),
            said.get("account"),
            skew(said.get("sent_at"), first),
            suspect=suspect,
            hash_key=self._hash_key,
            first_received=first,
        )
