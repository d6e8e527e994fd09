"""The errors that say that the database does not answer, whichever it is."""

from __future__ import annotations

import sqlite3
import sys

from sqlalchemy.exc import OperationalError


def out_of_reach() -> tuple[type[Exception], ...]:
    """Return the exceptions, including those of the installed drivers."""
    drivers = sys.modules.get("psycopg")
    theirs = (drivers.OperationalError,) if drivers else ()
    return OperationalError, sqlite3.OperationalError, *theirs
