"""Keeping a text and its history in bounds.

A checkpoint is the text at a version; the newest one also has the CRDT. A document is loaded from
that and the updates after it; a version is put together from the checkpoint before it and the
changes since. What happens to the rest, oldest last:

- the newest 1,000 changes stay as they are;
- older ones of one author, through one door and within the same ten minutes become one entry;
- past 10,000 entries, or 64 MiB of them, the oldest are dropped, a checkpoint's worth at a time.
  The text is in the checkpoint, and the history begins there.

The writer's thread does all this between two batches, in short steps, each of them a transaction:
edits wait for one step at most, and a crash leaves only the last step undone.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Collection

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from ...core.database import take_write_lock
from ...core.errors import ApiError, NotFound, Unavailable
from ...extensions import db
from ..models import SEARCHABLE_CHARACTERS, Checkpoint, File, FileChange
from ..text.units import from_units
from . import batch, proof, store, thinning
from .live_text import LiveText

logger = logging.getLogger(__name__)

#: Updates since the last checkpoint, past which a new one is made.
CHECKPOINT_EVERY_UPDATES = 1000
#: Bytes of these updates, past which a new one is made.
CHECKPOINT_EVERY_BYTES = 512 * 1024
#: Changes since the last proof that the stored form is the text, past which it is proved again.
MAX_UNPROVED_CHANGES = 200
#: So few updates after a checkpoint that a document can be loaded from them.
FEW_UPDATES = 100
#: Texts that are checked for something to do between two batches.
TEXTS_PER_LOOK = 100
#: Fast: a text of 1 MiB takes 10 ms.
ZLIB_LEVEL = 1
#: Seconds until compaction is tried again after the database refused it.
PAUSE_S = 5.0


#: What to note in a document once a step has been committed.
Noted = Callable[[], None]
#: Writes a step, under the writer's lock; everything possible was done before taking it.
Write = Callable[[], Noted]
Step = Callable[[LiveText], Write]


class Rounds:
    """Hands out the texts in memory by turns, a few between two batches: there may be thousands."""

    def __init__(self) -> None:
        self._left: list[int] = []

    @property
    def unfinished(self) -> bool:
        """Whether some of this round are left."""
        return bool(self._left)

    def next(self, live_texts: Collection[int]) -> list[int]:
        """Return those whose turn it is."""
        keys = self._left or list(live_texts)
        some, self._left = keys[:TEXTS_PER_LOOK], keys[TEXTS_PER_LOOK:]
        return [key for key in some if key in live_texts]


def next_step(live_text: LiveText, *, quiet: bool, leaves: bool = False) -> Step | None:
    """Return the next step for a text, if there is one.

    `quiet`: nobody has used it lately; `leaves`: it leaves memory after the step.
    """
    (count, size), whole = live_text.uncompacted, live_text.document.weight
    if time.monotonic() < live_text.paused_until:
        return None
    if (
        count >= CHECKPOINT_EVERY_UPDATES
        # The larger the text, the rarer: a checkpoint writes all of it again.
        or size >= CHECKPOINT_EVERY_BYTES + max(2 * len(live_text.document.units), whole - size)
        or (quiet and count > FEW_UPDATES)
    ):
        return (
            _checkpoint if live_text.version - live_text.proven <= MAX_UNPROVED_CHANGES else _prove
        )
    if quiet and live_text.unsearched:
        return _refresh
    if leaves and live_text.proven != live_text.version:
        return _prove
    return _tidy if live_text.untidy else None


def carry_out(step: Step, live_text: LiveText) -> bool:
    """Take a step in its own transaction; if another process writes meanwhile, later.

    Returns whether the document is still good; it is not if the file is gone.
    """
    try:
        live_text.catch_up()
        # Slow work (compressing, proving) is done before taking the lock, which others wait for.
        write = step(live_text)
        db.session.rollback()
        take_write_lock()
        # Another process has written since: the preparation was for an older text, and the step
        # comes again.
        if live_text.catch_up():
            return True
        noted = write()
        db.session.commit()
        live_text.unsaved = False
        # Only after the commit: a step that was rolled back must be due again.
        noted()
    except NotFound:
        db.session.rollback()
        return False
    except (SQLAlchemyError, ApiError) as error:
        db.session.rollback()
        logger.warning("text %s was not compacted: %s", live_text.file_id, error)
        # A database that is full or busy refuses the next step, too; edits go on meanwhile.
        live_text.paused_until = time.monotonic() + PAUSE_S
        return not live_text.unsaved
    finally:
        db.session.remove()
    return True


def _checkpoint(live_text: LiveText) -> Write:
    """Write a checkpoint, and drop the updates that it holds.

    The text in memory counts, whatever was stored. First it is proved that it can be loaded.
    """
    state = live_text.document.state()
    if not proof.holds(live_text.document, [state]):
        return lambda: _restore(live_text)
    text = from_units(live_text.document.units)
    packed = zlib.compress(text.encode(), ZLIB_LEVEL)

    def write() -> Noted:
        _store(live_text, packed, state)
        searched = _search(live_text, text)

        def noted() -> None:
            searched()
            live_text.uncompacted, live_text.untidy = (0, 0), True
            live_text.proven = live_text.version

        return noted

    return write


STATE_COLUMN = Checkpoint.state


def _store(live_text: LiveText, packed: bytes, state: bytes) -> None:
    """Write a checkpoint in the open transaction, instead of the updates that it holds."""
    mine = Checkpoint.file_id == live_text.file_id
    newest = db.session.scalar(select(func.max(Checkpoint.version)).where(mine)) or 0
    # Older checkpoints keep their text, for old versions; the state is only needed at the newest.
    db.session.execute(update(Checkpoint).where(mine, STATE_COLUMN.is_not(None)).values(state=None))
    checkpoint = Checkpoint(
        file_id=live_text.file_id, version=live_text.version, text=packed, state=state
    )
    db.session.merge(checkpoint)
    held = update(FileChange).where(FileChange.file_id == live_text.file_id)
    held = held.where(FileChange.version > newest, FileChange.version <= live_text.version)
    # The rows stay, for the history: what they changed is in `delta`.
    db.session.execute(held.values(update=None))


def _prove(live_text: LiveText) -> Write:
    """Prove that the stored form is the text in memory; otherwise write a checkpoint of that."""
    if not proof.holds(live_text.document, store.load(live_text.file_id).all):
        return _checkpoint(live_text)

    def noted() -> None:
        live_text.proven = live_text.version

    return lambda: noted


def _restore(live_text: LiveText) -> Noted:
    """Make the text what its state says it is, by a change without author."""
    found = proof.restored(live_text.document)
    if found is None:
        raise Unavailable("No state of it makes the text; its updates are kept.")
    document, change = found
    applied = live_text.restored(document, change)
    if applied.update:
        batch.write_nobodys(live_text, applied)
    return lambda: None


def _refresh(live_text: LiveText) -> Write:
    return lambda: _search(live_text, from_units(live_text.document.units))


def _search(live_text: LiveText, text: str) -> Noted:
    """Let searches find the text as it is now."""
    mine, beginning = File.id == live_text.file_id, text[:SEARCHABLE_CHARACTERS]
    if db.session.scalar(select(File.searchable).where(mine)) != beginning:
        change = update(File).where(mine).execution_options(synchronize_session=False)
        db.session.execute(change.values(searchable=beginning, updated_at=File.updated_at))

    def noted() -> None:
        live_text.unsearched = False

    return noted


def _tidy(live_text: LiveText) -> Write:
    """Take the history one step closer to its bounds."""
    return lambda: _thinner(live_text)


def _thinner(live_text: LiveText) -> Noted:
    thinning.thin(live_text.file_id)
    through, joined = thinning.join(live_text.file_id, live_text.joined_through)
    finished = joined and not thinning.drop(live_text.file_id)

    def noted() -> None:
        live_text.joined_through, live_text.untidy = through, not finished

    return noted
