"""Addresses that accounts had before.

Revision ID: former_addresses
Revises: traces_of_events
"""

import sqlalchemy as sa
from alembic import op

revision = "former_addresses"
down_revision = "traces_of_events"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up; which addresses were changed earlier is not known."""
    op.create_table(
        "former_addresses",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("left_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_former_addresses_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_addresses")),
    )
    op.create_index(
        "ix_former_addresses_user_id_email", "former_addresses", ["user_id", "email"], unique=True
    )
    op.create_index(op.f("ix_former_addresses_left_at"), "former_addresses", ["left_at"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("former_addresses")
