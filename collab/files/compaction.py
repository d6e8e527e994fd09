"""Keeping a text's history in bounds: checkpoints, from which versions are put together."""

from __future__ import annotations

import logging
import zlib

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from ..core.database import take_write_lock
from ..core.errors import ApiError
from ..extensions import db
from .models import Checkpoint, FileChange
from .room import Room
from .units import from_units

logger = logging.getLogger(__name__)

#: Updates since the last checkpoint, and their bytes, past which a new one is made.
UPDATES, BYTES = 1000, 512 * 1024


def due(room: Room) -> bool:
    """Tell whether a text is to be compacted while it is used."""
    count, size = room.uncompacted
    return count >= UPDATES or (count > 1 and size >= BYTES + 2 * len(room.document.units))


def compact(room: Room) -> bool:
    """Write a checkpoint of a document, and let go of the updates that it holds.

    Tells whether the document is still good; it is not if another process has changed the text.
    """
    if room.uncompacted[0] <= 1:
        return True
    try:
        take_write_lock()
        if room.catch_up():
            return False
        _write(room)
        db.session.commit()
    except (SQLAlchemyError, ApiError) as error:
        db.session.rollback()
        logger.warning("text %s was not compacted: %s", room.file_id, error)
        return not isinstance(error, ApiError)  # the file is gone
    finally:
        db.session.remove()
    room.uncompacted = (1, 0)
    return True


def _write(room: Room) -> None:
    mine = FileChange.file_id == room.file_id
    text = zlib.compress(from_units(room.document.units).encode())
    older = update(Checkpoint).where(Checkpoint.file_id == room.file_id)
    db.session.execute(older.values(state=None))
    new = Checkpoint(
        file_id=room.file_id, version=room.version, text=text, state=room.document.state()
    )
    db.session.merge(new)
    db.session.execute(update(FileChange).where(mine).values(update=None))
