"""Jobs know the trace of the request that ordered them.

Revision ID: traces
Revises: identities
"""

import sqlalchemy as sa
from alembic import op

revision = "traces"
down_revision = "identities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older jobs belong to no trace."""
    op.add_column("jobs", sa.Column("trace", sa.String(length=55), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("jobs", "trace")
