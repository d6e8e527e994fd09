"""Where this application keeps files, and which of them are still in use."""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import Flask
from sqlalchemy import delete, select

from ...extensions import db
from ..caller import act_as
from ..database import harden, take_write_lock
from ..slots import Contributions, setting
from ..usage.models import FreedBlob
from . import disk
from .blobs import Blobs

logger = logging.getLogger(__name__)

#: Seconds after which abandoned bytes are deleted.
ABANDONED_AFTER_S = 3600

#: Files that are checked in a row.
FREED_AT_ONCE = 20

#: The columns that hold digests of kept files; packages add theirs.
_COLUMNS: Contributions[Any] = Contributions("columns of digests")


def register_digests(app: Flask, column: Any) -> None:
    """Keep the files whose digests are in this column."""
    _COLUMNS.add(app, column)


def digest_columns() -> tuple[Any, ...]:
    """Return the columns that hold digests of kept files."""
    return tuple(_COLUMNS)


def blobs() -> Blobs:
    """Return where this application keeps files."""
    # The one in the instance folder itself may be moved with it.
    url = db.engine.url.render_as_string() if setting("DATABASE_URL") else "collab.db"
    return Blobs(setting("INSTANCE_PATH") / "blobs", url, disk.require_free)


def sweep(digest: str) -> None:
    """Delete bytes that belong to nobody; nobody can start using them meanwhile."""
    act_as(None)  # the service itself tidies up, after a change that has been made
    take_write_lock()
    if not _is_used(digest):
        _remove(digest)
    db.session.rollback()


def _remove(digest: str) -> bool:
    """Delete bytes once no power cut can bring back the rows that had them."""
    harden()
    return blobs().remove(digest)


def _is_used(digest: str) -> bool:
    return any(_has(column, digest) for column in _COLUMNS)


def _has(column: Any, digest: str) -> bool:
    return db.session.scalar(select(column).where(column == digest).limit(1)) is not None


def sweep_freed() -> bool:
    """Delete some of the bytes that rows no longer have, if nobody else has them."""
    # Without the lock: under it, each is checked again for being in use.
    digests = db.session.scalars(select(FreedBlob.sha256).limit(FREED_AT_ONCE)).all()
    db.session.rollback()
    for digest in digests:
        take_write_lock()
        if not _is_used(digest) and not _remove(digest):
            db.session.rollback()  # a backup is copying them: later
            return False
        db.session.execute(delete(FreedBlob).where(FreedBlob.sha256 == digest))
        db.session.commit()
    return len(digests) == FREED_AT_ONCE


def sweep_unfinished() -> bool:
    """Delete what was being received when a process was killed."""
    blobs().remove_unfinished(time.time() - ABANDONED_AFTER_S)
    return False


def tidy() -> None:
    """Delete the bytes that a deleted project or a crash left on disk.

    Other processes may be at work: a transaction with an uncommitted row holds the writer's lock,
    which `sweep` waits for before it checks.
    """
    moment = time.time() - ABANDONED_AFTER_S
    blobs().remove_unfinished(moment)
    # A copied folder, for example: according to this database's rows, nothing in it is in use.
    if not blobs().are_ours():
        logger.warning("INSTANCE_PATH holds the files of another database: they are left alone")
        return
    # May be outdated when a file is checked: `sweep` checks again under the lock before it deletes.
    used: set[str] = set()
    for column in _COLUMNS:
        used.update(db.session.scalars(select(column).where(column.is_not(None)).distinct()))
    for digest in blobs().older_than(moment):
        if digest not in used:
            sweep(digest)
