"""Accounts know whether their address was verified, and whether mails to it came back.

Revision ID: verified_addresses
Revises: told_once
"""

import sqlalchemy as sa
from alembic import op

revision = "verified_addresses"
down_revision = "told_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nobody's address has been verified so far."""
    op.add_column("users", sa.Column("email_verified_at", sa.DateTime(), nullable=True))
    op.add_column("users", sa.Column("email_bounced_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    """Take the columns away."""
    op.drop_column("users", "email_bounced_at")
    op.drop_column("users", "email_verified_at")
