"""How the database is opened, and the lock that a change takes before it reads."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import event

from ..extensions import db
from .json import dumps, loads

#: How long a connection waits for another's write to end.
BUSY_TIMEOUT_S = 10


def engine_options(url: str) -> dict[str, Any]:
    """Return the pool's size, how JSON is written, and for SQLite the time to wait for a lock."""
    options: dict[str, Any] = {
        "pool_size": 16,
        "max_overflow": 64,
        "pool_timeout": 10,
        "hide_parameters": True,  # an error's text goes to the log, and they may be secrets
        "json_serializer": lambda value: dumps(value).decode(),
        "json_deserializer": loads,
    }
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    return options


def configure(app: Flask) -> None:
    """Set SQLite's pragmas on every new connection."""
    synchronous = app.config["SQLITE_SYNCHRONOUS"].upper()
    pragmas = (
        "journal_mode=WAL",
        f"synchronous={synchronous}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    )

    def set_pragmas(connection: Any, record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows the case of ASCII only.
        connection.create_function("lower", 1, _lower, deterministic=True)

    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", set_pragmas)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def take_write_lock() -> None:
    """Make this transaction the only writer from now on, until it ends.

    What a change depends on (a role, a last owner, a version) is read after this, so nobody can
    change it in between.
    """
    connection = db.session.connection()
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
