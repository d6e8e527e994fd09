"""what people and projects keep is counted."""

import sqlalchemy as sa
from alembic import op

from collab.core.usage import triggers


revision = "0009"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up; the triggers are made after the migrations (core/usage/triggers)."""
    op.create_table(
        "usage",
        sa.Column("owner", sa.String(length=8), nullable=False),
        sa.Column("owner_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.Column("settled_bytes", NUMBER, nullable=False),
        sa.Column("settled_count", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("owner", "owner_id", "kind", name=op.f("pk_usage")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_usage_unsettled",
        "usage",
        ["owner", "owner_id"],
        sqlite_where=sa.text("bytes <> settled_bytes OR count <> settled_count"), postgresql_where=sa.text("bytes <> settled_bytes OR count <> settled_count"),
    )
    op.create_table(
        "usage_places",
        sa.Column("place", sa.String(length=12), nullable=False),
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", NUMBER, nullable=True),
        sa.Column("project_id", NUMBER, nullable=True),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("place", "id", name=op.f("pk_usage_places")),
        sqlite_with_rowid=False,
    )
    # Without a foreign key, so that the table is not rebuilt, which would drop its triggers.
    op.add_column("files", sa.Column("author_id", NUMBER, nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    triggers.drop_all(op.get_bind())
    op.drop_column("files", "author_id")
    op.drop_table("usage_places")
    op.drop_index("ix_usage_unsettled", "usage")
    op.drop_table("usage")
