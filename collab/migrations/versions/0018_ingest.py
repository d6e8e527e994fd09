"""sources of events, their write keys, and schemas of event types."""

import sqlalchemy as sa
from alembic import op

revision = "ingest"
down_revision = "one_mailbox"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "ingest_sources",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("unknown_types", sa.String(length=10), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=True),
        sa.Column("key_hint", sa.String(length=8), nullable=True),
        sa.Column("previous_digest", sa.String(length=64), nullable=True),
        sa.Column("previous_until", sa.DateTime(), nullable=True),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        *_belongs_to_project("ingest_sources"),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_ingest_sources_project_id_name")
        ),
        sa.UniqueConstraint("key_digest", name=op.f("uq_ingest_sources_key_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ingest_sources_project_id_id", "ingest_sources", ["project_id", "id"])
    op.create_index("ix_ingest_sources_created_by", "ingest_sources", ["created_by"])
    op.create_index("ix_ingest_sources_previous_digest", "ingest_sources", ["previous_digest"])
    op.create_table(
        "ingest_schemas",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("event_type", sa.String(length=200), nullable=False),
        sa.Column("event_version", sa.String(length=40), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        *_belongs_to_project("ingest_schemas"),
        sa.UniqueConstraint(
            "project_id",
            "event_type",
            "event_version",
            name=op.f("uq_ingest_schemas_project_id_event_type_event_version"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ingest_schemas_project_id_id", "ingest_schemas", ["project_id", "id"])
    op.create_index("ix_ingest_schemas_created_by", "ingest_schemas", ["created_by"])


def _belongs_to_project(table: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f(f"fk_{table}_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f(f"fk_{table}_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("ingest_schemas")
    op.drop_table("ingest_sources")
