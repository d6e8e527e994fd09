"""What a migration asks of the kind of database that it runs on."""

from alembic import op


def is_sqlite() -> bool:
    """Return whether it is SQLite, whose index and triggers of texts the migrations make.

    Those of PostgreSQL are made after the migrations (`Engine.ensure_schema`).
    """
    return op.get_bind().dialect.name == "sqlite"
