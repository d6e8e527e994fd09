"""How Alembic reaches the models and the database: both are the application's."""

from typing import Any, Literal

from alembic import context
from flask import current_app

from collab.core.database import engine
from collab.core.database.postgresql_words import FOLDED_SUFFIX
from collab.core.management.migrations import ensure
from collab.core.models import UtcDateTime, tell_postgresql

database = current_app.extensions["migrate"].db

#: What the names of tables begin with that are no model's.
OTHERS = ("search_index", "words_due", "procrastinate_")


def render(kind: str, item: Any, autogen_context: object) -> str | Literal[False]:
    """Write a new migration without types of ours: it must run when they have changed."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave out what no model has: full-text index, what is derived of texts, Procrastinate."""
    if kind == "column":
        return not (name or "").endswith(FOLDED_SUFFIX)
    return not (kind == "table" and (name or "").startswith(OTHERS))


def run() -> None:
    """Run the migrations on a connection of the application's engine."""
    tell_postgresql(database.metadata)
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            render_item=render,
            include_name=is_ours,
            compare_type=True,
        )
        engine().before_migrations(connection)
        with context.begin_transaction():
            context.run_migrations()
        # The triggers know the newest schema alone; on the way down there may be no such column.
        if set(context.get_context().get_current_heads()) == set(context.script.get_heads()):
            ensure(connection)


run()
