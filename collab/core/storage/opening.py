"""What is checked before serving: who may read the database, and whether it works."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import DatabaseError

from ..database.engine import ENGINE
from .free_space import is_full


@contextlib.contextmanager
def or_exit(app: Flask) -> Iterator[None]:
    """End the process with a sentence if the database can't be used within this block."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError, OSError) as error:
        with app.app_context():
            path, full = ENGINE.of(app).place, is_full(error)
        why = "the disk is full" if full else getattr(error, "orig", None) or error
        sys.exit(f"collab: can't use the database {path}: {why}.")


def is_open(folder: Path) -> bool:
    """Return whether users other than the server's own may read a folder."""
    return bool(folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
