"""Events know the trace that they belong to, where traces are exported.

Revision ID: traces_of_events
Revises: queue_of_jobs
"""

import sqlalchemy as sa
from alembic import op

revision = "traces_of_events"
down_revision = "queue_of_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older events belong to no trace."""
    op.add_column("events", sa.Column("trace", sa.String(length=55), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("events", "trace")
