"""Procrastinate's tables, created and updated with ours, in the same schema."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from packaging.version import Version
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

from ...core.database import engine

IS_THERE = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
KNOWN_VERSION = text("SELECT obj_description('procrastinate_jobs'::regclass)")
NOTE_VERSION = "COMMENT ON TABLE procrastinate_jobs IS '{}'"


def ensure(connection: Connection) -> None:
    """Create the tables, or update those of an older version, in the open transaction.

    A comment on one of them notes their version.
    """
    present = version("procrastinate")
    if not connection.scalar(IS_THERE):
        engine().run(connection, SchemaManager.get_schema())
    elif (known := connection.scalar(KNOWN_VERSION)) == present:
        return
    else:
        for change in changes_since(Path(SchemaManager.get_migrations_path()), known):
            engine().run(connection, change.read_text(encoding="utf-8"))
    engine().run(connection, NOTE_VERSION.format(present))


def changes_since(folder: Path, known: str) -> list[Path]:
    """Return Procrastinate's own migrations after a version, in their order.

    Their names begin with the version that brought them: `03.04.00_01_pre_…`.
    """
    changes = sorted(folder.glob("*.sql"))
    return [one for one in changes if Version(one.name.partition("_")[0]) > Version(known)]
