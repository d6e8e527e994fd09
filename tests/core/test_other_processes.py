"""The database beside other processes that open and close it."""

import subprocess
import sys

import pytest
from sqlalchemy import text

from collab.extensions import db

pytestmark = pytest.mark.sqlite("file")

LOOK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(database.execute("SELECT name FROM users WHERE id = 1").fetchone()[0])
database.close()
"""


def look(path: str) -> str:
    """Have another process read the first person's name, and close the database as its last."""
    command = [sys.executable, "-c", LOOK, path]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_program_that_closes_the_database_takes_no_log_away_from_the_server(app, instance):
    path = str(instance / "collab.db")
    with app.app_context(), db.engine.connect() as first, db.engine.connect():
        first.execute(text("SELECT name FROM users")).all()
        look(path)
        first.execute(text("UPDATE users SET name = 'Changed' WHERE id = 1"))
        first.commit()
        assert look(path) == "Changed"
