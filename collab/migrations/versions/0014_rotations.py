"""a refresh token that was traded a moment ago gives the same new tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("sessions", sa.Column("retired", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("sessions", sa.Column("newest_tokens", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("sessions", "newest_tokens")
    op.drop_column("sessions", "retired")
