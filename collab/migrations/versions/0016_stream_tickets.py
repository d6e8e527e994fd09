"""a ticket that opened a stream belongs to it, and opens it again."""

import sqlalchemy as sa
from alembic import op

revision = "stream_tickets"
down_revision = "everybodys_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("tickets", sa.Column("stream", sa.String(64), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.execute("DELETE FROM tickets WHERE stream IS NOT NULL")
    op.drop_column("tickets", "stream")
