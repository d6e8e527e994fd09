"""Exports that are kept.

Revision ID: exports
Revises: former_addresses
"""

import sqlalchemy as sa
from alembic import op

revision = "exports"
down_revision = "former_addresses"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "exports",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("job_id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_exports_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_made_at"), "exports", ["made_at"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("exports")
