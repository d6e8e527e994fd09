"""Keeping a text and its history in bounds.

A checkpoint is the text at a version, and the newest one has the CRDT, too: a document is loaded
from it and the updates after it, and a version is put together from the checkpoint before it and
the changes since. What happens to the rest, oldest last:

- the newest 1,000 changes stay as they are;
- older ones of one author, through one door and within the same ten minutes become one entry;
- past 10,000 entries, or 64 MiB of them, the oldest are dropped, a checkpoint's worth at a time.
  The text is in the checkpoint, and the history begins there.

All this is done by the writer's thread between two batches, in steps that are short, each of them
a transaction: whoever edits waits for one step at most, and a crash leaves the last step undone.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from ...core.database import take_write_lock
from ...core.errors import ApiError, NotFound, Unavailable
from ...extensions import db
from ..models import Checkpoint, File, FileChange
from ..text.units import from_units
from . import batch, proof, store, thinning
from .live_text import Room

logger = logging.getLogger(__name__)

#: Updates after the last checkpoint, past which a new one is made.
CHECKPOINT_EVERY_UPDATES = 1000
#: Bytes of these updates, past which a new one is made.
CHECKPOINT_EVERY_BYTES = 512 * 1024
#: Changes since what is stored was proved to be the text, up to which a checkpoint is made.
MAX_UNPROVED_CHANGES = 200
#: Updates after a checkpoint that are few enough to load a document from.
FEW_UPDATES = 100
#: Texts that are checked between two batches for something to do.
TEXTS_PER_LOOK = 100
#: Characters at the beginning of a text that a search finds.
SEARCHABLE_CHARACTERS = 64 * 1024
#: Fast: a text of 1 MiB takes 10 ms.
ZLIB_LEVEL = 1
#: Seconds after which compaction is tried again, when the database did not let us.
PAUSE_S = 5.0


#: What is noted of a document once a step has been committed.
Noted = Callable[[], None]
Step = Callable[[Room], Noted]


class Rounds:
    """Gives the texts in memory in turn, some between two batches: there may be thousands."""

    def __init__(self) -> None:
        self._left: list[int] = []

    @property
    def unfinished(self) -> bool:
        """Whether there are some left of this round."""
        return bool(self._left)

    def next(self, rooms: dict[int, Room]) -> list[tuple[int, Room]]:
        """Return the texts whose turn it is."""
        keys = self._left or list(rooms)
        some, self._left = keys[:TEXTS_PER_LOOK], keys[TEXTS_PER_LOOK:]
        return [(key, rooms[key]) for key in some if key in rooms]


def next_step(room: Room, *, quiet: bool, leaves: bool = False) -> Step | None:
    """Return what is to be done for a text now.

    `quiet` tells that nobody has used it lately, `leaves` that it leaves memory after that.
    """
    count, size = room.uncompacted
    if time.monotonic() < room.paused_until:
        return None
    if (
        count >= CHECKPOINT_EVERY_UPDATES
        or size >= CHECKPOINT_EVERY_BYTES + 2 * len(room.document.units)
        or (quiet and count > FEW_UPDATES)
    ):
        return _checkpoint if room.version - room.proven <= MAX_UNPROVED_CHANGES else _prove
    if quiet and room.unsearched:
        return _refresh
    if leaves and room.proven != room.version:
        return _prove
    return _tidy if room.untidy else None


def carry_out(step: Step, room: Room) -> bool:
    """Take a step in a transaction of its own.

    Returns whether the document is still good; it is not if the file is gone.
    """
    try:
        take_write_lock()
        room.catch_up()
        noted = step(room)
        db.session.commit()
        room.unsaved = False
        noted()
    except NotFound:
        db.session.rollback()
        return False
    except (SQLAlchemyError, ApiError) as error:
        db.session.rollback()
        logger.warning("text %s was not compacted: %s", room.file_id, error)
        room.paused_until = time.monotonic() + PAUSE_S
        return not room.unsaved
    finally:
        db.session.remove()
    return True


def _checkpoint(room: Room) -> Noted:
    """Write a checkpoint, and let go of the updates that it holds.

    The text is what is in memory, whatever was stored of it. That it can be loaded is proved first.
    """
    state = room.document.state()
    if not proof.holds(room.document, [state]):
        return _restore(room)
    mine, text = Checkpoint.file_id == room.file_id, from_units(room.document.units)
    newest = db.session.scalar(select(func.max(Checkpoint.version)).where(mine)) or 0
    db.session.execute(update(Checkpoint).where(mine, STATE_COLUMN.is_not(None)).values(state=None))
    packed = zlib.compress(text.encode(), ZLIB_LEVEL)
    values = {"file_id": room.file_id, "version": room.version, "text": packed, "state": state}
    db.session.merge(Checkpoint(**values))
    held = update(FileChange).where(FileChange.file_id == room.file_id)
    held = held.where(FileChange.version > newest, FileChange.version <= room.version)
    db.session.execute(held.values(update=None))
    searched = _search(room, text)

    def noted() -> None:
        searched()
        room.uncompacted, room.untidy, room.proven = (0, 0), True, room.version

    return noted


def _prove(room: Room) -> Noted:
    """Prove that what is stored is what is in memory; else write a checkpoint of that."""
    if not proof.holds(room.document, store.load(room.file_id).all):
        return _checkpoint(room)

    def noted() -> None:
        room.proven = room.version

    return noted


STATE_COLUMN = Checkpoint.state


def _restore(room: Room) -> Noted:
    """Make the text what its state says it is, by a change that nobody made."""
    found = proof.restored(room.document)
    if found is None:
        raise Unavailable("No state of it makes the text; its updates are kept.")
    document, change = found
    applied = room.restored(document, change)
    if applied.update:
        batch.write_nobodys(room, applied)
    return lambda: None


def _refresh(room: Room) -> Noted:
    return _search(room, from_units(room.document.units))


def _search(room: Room, text: str) -> Noted:
    """Let a search find what the text is now."""
    mine, beginning = File.id == room.file_id, text[:SEARCHABLE_CHARACTERS]
    if db.session.scalar(select(File.searchable).where(mine)) != beginning:
        change = update(File).where(mine).execution_options(synchronize_session=False)
        db.session.execute(change.values(searchable=beginning, updated_at=File.updated_at))

    def noted() -> None:
        room.unsearched = False

    return noted


def _tidy(room: Room) -> Noted:
    """Take the history one step further into its bounds."""
    thinning.thin(room.file_id)
    through, joined = thinning.join(room.file_id, room.joined_through)
    finished = joined and not thinning.drop(room.file_id)

    def noted() -> None:
        room.joined_through, room.untidy = through, not finished

    return noted
