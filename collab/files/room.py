"""One text in memory, as the writer's thread has it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from ..core.errors import ApiError, invalid
from . import delta as deltas
from . import store
from .delta import Delta, transform
from .document import Document, Unusable
from .units import from_units

#: Bytes of UTF-8 that a text may have.
TEXT_LIMIT = 2 * 2**20
#: Changes that are kept in memory for merging what was made of an older version.
KEPT = 1000


class TextTooLarge(ApiError):
    """A text may have at most 2 MiB."""

    status = 413


class UnusableUpdate(ApiError):
    """The update can't be taken."""

    status = 422


@dataclass(frozen=True)
class Applied:
    """A change as it went into the text; `update` is empty if it changed nothing."""

    base: int
    version: int
    delta: Delta
    update: bytes


@dataclass(eq=False)
class Room:
    """A document with its version and the latest changes."""

    file_id: int
    version: int
    document: Document = field(default_factory=Document)
    latest: deque[Applied] = field(default_factory=lambda: deque(maxlen=KEPT))
    used_at: float = field(default_factory=time.monotonic)
    #: Updates since the last checkpoint, and their bytes.
    uncompacted: tuple[int, int] = (0, 0)

    @classmethod
    def load(cls, file_id: int) -> Room:
        """Load a text from the database; raises NotFound."""
        stored = store.load(file_id)
        room = cls(file_id, stored.version)
        room.document.load(stored.updates)
        room.uncompacted = (len(stored.updates), sum(map(len, stored.updates)))
        return room

    @property
    def size(self) -> int:
        """Return the text's bytes of UTF-8."""
        units = self.document.units
        return len(units) if units.isascii() else len(from_units(units).encode())

    def catch_up(self) -> bool:
        """Take in what another process has written; tell whether there was anything."""
        current = store.current_version(self.file_id)
        if current == self.version:
            return False
        fresh = Room.load(self.file_id)
        self.document, self.version = fresh.document, fresh.version
        self.uncompacted = fresh.uncompacted
        self.latest.clear()
        return True

    def change(self, delta: Delta, base: int) -> Applied:
        """Merge a change that was made of version `base`.

        Raises Unprocessable, JoinedVersion, TextTooLarge; then nothing was changed.
        """
        if not 0 <= base <= self.version:
            raise invalid("base_version", f"There is no version {base}: it is {self.version} now.")
        since = self.since(base)
        length = len(self.document.units) - sum(map(deltas.growth, since))
        if deltas.span(delta) > length:
            raise invalid("edits", f"They reach behind the end: version {base} has {length} units.")
        for over in since:
            delta = transform(delta, over)
        if len(self.document.units) + deltas.growth(delta) > TEXT_LIMIT:
            raise TextTooLarge()
        try:
            update = self.document.change(delta)
        except ValueError:
            raise invalid("edits", "They cut a character in two (surrogates).") from None
        return self._applied(delta, update)

    def merge(self, update: bytes) -> Applied:
        """Take an update of the CRDT in.

        Raises UnusableUpdate, TextTooLarge: then the document may be spoilt, see `rebuild`.
        """
        try:
            merged = self.document.merge(update)
        except Unusable as error:
            raise UnusableUpdate(f"The update can't be taken: {error}.") from None
        if merged is None:
            return Applied(self.version, self.version, deltas.NOTHING, b"")
        if len(self.document.units) > TEXT_LIMIT:
            raise TextTooLarge()
        return self._applied(merged.delta, merged.update)

    def _applied(self, delta: Delta, update: bytes) -> Applied:
        if not update:
            return Applied(self.version, self.version, delta, b"")
        applied = Applied(self.version, self.version + 1, delta, update)
        self.version += 1
        self.latest.append(applied)
        count, size = self.uncompacted
        self.uncompacted = (count + 1, size + len(update))
        return applied

    def since(self, base: int) -> list[Delta]:
        """Return what was changed behind a version; raises JoinedVersion."""
        known = [one.delta for one in self.latest if one.version > base]
        oldest = self.version - len(known)
        if oldest == base:
            return known
        return store.deltas_between(self.file_id, base, oldest) + known

    def rebuild(self, unsaved: list[Applied]) -> None:
        """Make the document anew: of what is stored, and what was applied and not yet stored."""
        stored = store.load(self.file_id)
        self.document = Document()
        self.document.load([*stored.updates, *(one.update for one in unsaved)])
