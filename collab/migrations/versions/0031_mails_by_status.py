"""Mails by their status, for admins."""

from alembic import op

revision = "mails_by_status"
down_revision = "erasures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_index("ix_mails_status_id", "mails", ["status", "id"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_mails_status_id", "mails")
