"""One text in memory, as the writer's thread has it."""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import islice

from ...core.errors import ApiError, Conflict, Unprocessable, invalid
from ...frozen import frozen
from ..text import delta as deltas
from ..text import steps, tidying
from ..text.delta import Delta, transform
from ..text.encoding import loaded
from ..updates.bounds import Unusable
from ..updates.loading import Loading
from ..updates.merge_cost import Spoilt
from ..updates.structs import Update
from . import proof, store
from .document import MAX_PIECES, Document, TooHeavy
from .store import Stored

#: Bytes of UTF-8 that a text may have.
MAX_TEXT_BYTES = 2 * 2**20
#: Changes kept in memory, to merge edits made to an older version.
MAX_CHANGES_IN_MEMORY = 1000
#: About how many bytes of them.
MAX_CHANGE_BYTES_IN_MEMORY = 2 * 2**20
#: Steps of a change, times the changes it is rebased over, at most: some 80 ms of work.
MAX_MERGE_STEPS = 150_000
#: Structs that are merged in one turn of the texts' thread: some 20 ms.
MAX_STRUCTS_PER_TURN = 4_000
#: More bytes than may be stored without a checkpoint.
ANY_SIZE = 2**40


class TextTooLarge(ApiError):
    """A text may have at most 2 MiB."""

    status = 413


class TextTooHeavy(TextTooLarge):
    """Everything that a text keeps may have at most 8 MiB: delete it, and create it again."""


class TooFarBehind(Conflict):
    """Too much has changed since that version: fetch the text again."""


class UnusableUpdate(Unprocessable):
    """The update was refused."""


def unusable(error: Unusable) -> UnusableUpdate:
    """Return the error to answer for an update that can't be applied."""
    return UnusableUpdate(f"The update was refused: {error}.")


@frozen
class Applied:
    """A change as it went into the text; `update` is empty if it changed nothing."""

    base: int
    version: int
    delta: Delta
    update: bytes
    #: Whether part of what was sent waits for what it refers to.
    lacks: bool = False
    #: The part of it that is to be merged in another turn.
    left: Update | None = None
    #: Whether something that a text may not have was replaced in it.
    tidied: bool = False


Prepared = tuple[Stored, Loading]


def prepared(file_id: int) -> Prepared:
    """Read a text's stored form and take it apart, in any thread; raises NotFound."""
    stored = store.load(file_id)
    return stored, Loading(stored.all)


@dataclass(eq=False)
class LiveText:
    """A document with its version and the latest changes."""

    file_id: int
    version: int
    document: Document = field(default_factory=Document)
    #: The latest versions' deltas, the newest last.
    latest: deque[Delta] = field(default_factory=deque)
    latest_bytes: int = 0
    #: The change that made the text and its history agree, until that is stored.
    amendment: Applied | None = None
    #: The version at which the stored form was loaded and proved to be the same text.
    proven: int = 0
    #: Whether the document is ahead of what is stored while it is compacted.
    unsaved: bool = False
    #: The text before the last update, as it is stored.
    before: str = ""
    #: Whether a refused update has touched the document.
    spoilt: bool = False
    #: Whether an editor is there that takes LF as line breaks only.
    lf: bool = False
    used_at: float = field(default_factory=time.monotonic)
    #: Updates since the last checkpoint, and their bytes.
    uncompacted: tuple[int, int] = (0, 0)
    #: Whether a search may still find an older state of the text.
    unsearched: bool = True
    #: Whether the history may be out of its bounds, and up to which version it is within.
    untidy: bool = False
    joined_through: int = 0
    #: Compaction is not tried before this, by the monotonic clock.
    paused_until: float = 0.0

    @classmethod
    def load(
        cls, file_id: int, known: Prepared | None = None, *, doubtful: bool = False
    ) -> LiveText:
        """Load a text from the database, or go on with what is `known`; raises NotFound.

        If it is `doubtful`, its history is checked, however long that takes.
        """
        live_text = cls(file_id, 0)
        live_text._reload(known, doubtful=doubtful)
        return live_text

    def _reload(self, known: Prepared | None = None, *, doubtful: bool = False) -> None:
        stored, loading = known or prepared(self.file_id)
        self.document = self._document(loading)
        self.version, self.unsearched = stored.version, True
        self.uncompacted = (len(stored.updates), sum(map(len, stored.updates)))
        self.latest.clear()
        self.latest_bytes = 0
        self.proven = self.version
        self._mend(doubtful=doubtful)

    def _document(self, loading: Loading) -> Document:
        document = Document()
        document.at_once = MAX_STRUCTS_PER_TURN
        document.take(loading)
        document.owners = store.owners(self.file_id)
        return document

    def _mend(self, *, doubtful: bool) -> None:
        """Note what has to change for the text and its history to agree."""
        rows = self.uncompacted[0]
        self.document.sound &= not doubtful
        mended = proof.mend(self.file_id, self.version, self.document, rows)
        if mended is not None:
            self.amendment = self._applied(*mended)
            self.uncompacted = (self.uncompacted[0], ANY_SIZE)  # a checkpoint comes soon

    @property
    def size(self) -> int:
        """Return the text's bytes of UTF-8."""
        return self.document.size

    @property
    def other_bytes(self) -> int:
        """Return about how many bytes the document has besides the text's."""
        return self.document.other_bytes

    @property
    def footprint(self) -> int:
        """Return about how many bytes it takes in memory."""
        return self.document.footprint + self.latest_bytes + sys.getsizeof(self.before)

    def catch_up(self) -> bool:
        """Apply what another process has written; return whether there was anything."""
        current = store.current_version(self.file_id)
        if current == self.version:
            return False
        rows = store.updates_since(self.file_id, self.version, current)
        if rows is None or current < self.version:
            self._reload()
            return True
        try:
            self.document.load([row.update for row in rows])
        except Spoilt:
            self._reload()
            return True
        self.document.owners = store.owners(self.file_id)
        for row in rows:
            self._note(Applied(row.base, row.version, loaded(row.delta), row.update))
        return True

    def change(self, delta: Delta, base: int) -> Applied:
        """Merge a change that was made to version `base`.

        Raises Unprocessable, JoinedVersion, TooFarBehind, TextTooLarge; then nothing was changed.
        """
        if not 0 <= base <= self.version:
            raise invalid(
                "base_version", f"There is no version {base}: the newest is {self.version}."
            )
        if len(delta) * (self.version - base) > MAX_MERGE_STEPS:
            raise TooFarBehind()
        since = self.since(base)
        if len(delta) * len(since) + sum(map(len, since)) > MAX_MERGE_STEPS:
            raise TooFarBehind()
        length = len(self.document.units) - sum(map(deltas.growth, since))
        if deltas.span(delta) > length:
            raise invalid("edits", f"They reach past the end: version {base} has {length} units.")
        for over in since:
            delta = transform(delta, over)
        if len(self.document.units) + deltas.growth(delta) > MAX_TEXT_BYTES:
            raise TextTooLarge()
        self.before = self.document.units
        delta = self._bearable(delta)
        try:
            update = self.document.change(delta)
        except Spoilt as error:
            self.spoilt = True
            raise unusable(error) from None
        except ValueError:
            raise invalid("edits", "They split a character in two (a surrogate pair).") from None
        return self._tidied(delta, update)

    def _bearable(self, delta: Delta) -> Delta:
        """Return a change with the same result, in not too many places of the text."""
        pieces = self.document.pieces
        kept = steps.most_kept(pieces) if pieces < MAX_PIECES else 1
        return deltas.coarser(delta, self.document.units, kept)

    def merge(self, update: Update, person: int, *, all_it_has: bool) -> Applied:
        """Take a person's update of the CRDT in.

        Raises UnusableUpdate, TextTooLarge; then the document may be `spoilt`.
        """
        self.before = self.document.units
        try:
            merged = self.document.merge(update, person, all_it_has=all_it_has)
        except Unusable as error:
            self.spoilt = isinstance(error, Spoilt)
            if isinstance(error, TooHeavy):
                raise TextTooHeavy(f"It can't be taken: {error}.") from None
            raise unusable(error) from None
        lacks, left = self.document.lacks, self.document.left
        if merged is None:
            return Applied(self.version, self.version, deltas.NO_CHANGE, b"", lacks, left)
        if len(self.document.units) > MAX_TEXT_BYTES:
            self.spoilt = True
            raise TextTooLarge()
        return replace(self._tidied(merged.delta, merged.update), lacks=lacks, left=left)

    def _tidied(self, delta: Delta, update: bytes) -> Applied:
        """Note a change; what it brings that a text may not have is replaced in the same version.

        So no editor ever sees it, not even in between.
        """
        unwanted = tidying.NUL_CHARACTER + "\r" * self.lf
        if not tidying.brings(delta, unwanted):
            return self._applied(delta, update)
        tidy = self._bearable(tidying.tidied(self.document.units, lf=self.lf))
        from pycrdt import merge_updates  # large, and only needed once a text is opened

        try:
            whole = merge_updates(update, self.document.change(tidy))
        except Spoilt as error:
            self.spoilt = True
            raise unusable(error) from None
        return replace(self._applied(deltas.compose(delta, tidy), whole), tidied=True)

    def _applied(self, delta: Delta, update: bytes) -> Applied:
        if not update:
            return Applied(self.version, self.version, delta, b"")
        applied = Applied(self.version, self.version + 1, delta, update)
        self._note(applied)
        return applied

    def restored(self, document: Document, change: bytes) -> Applied:
        """Go on with another document, after a change that gives it the same text."""
        self.document, self.unsaved = document, True
        return self._applied(deltas.NO_CHANGE, change)

    def _note(self, applied: Applied) -> None:
        self.version, self.unsearched = applied.version, True
        self.latest.append(applied.delta)
        self.latest_bytes += deltas.weight(applied.delta)
        while (
            len(self.latest) > MAX_CHANGES_IN_MEMORY
            or self.latest_bytes > MAX_CHANGE_BYTES_IN_MEMORY
        ):
            self.latest_bytes -= deltas.weight(self.latest.popleft())
        count, size = self.uncompacted
        self.uncompacted = (count + 1, size + len(applied.update))

    def since(self, base: int) -> list[Delta]:
        """Return what was changed after a version; raises JoinedVersion."""
        # From the newest on: most changes are made to the newest version, or nearly.
        known = [*islice(reversed(self.latest), self.version - base)][::-1]
        oldest = self.version - len(known)
        if oldest <= base:
            return known
        return store.deltas_between(self.file_id, base, oldest) + known
