"""what has had its time is found by an index; bytes that nobody has any more are noted."""

import sqlalchemy as sa
from alembic import op

from collab.core.usage import triggers


revision = "0012"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up; the triggers that note are made after the migrations."""
    op.create_table(
        "freed_blobs",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_freed_blobs")),
        sqlite_with_rowid=False,
    )
    ended = sa.text("finished_at IS NOT NULL")
    op.create_index("ix_jobs_ended", "jobs", ["finished_at"], sqlite_where=ended, postgresql_where=ended)
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def downgrade() -> None:
    """Take the schema back."""
    triggers.drop_all(op.get_bind())
    op.drop_index("ix_sessions_expires_at", "sessions")
    op.drop_index("ix_jobs_ended", "jobs")
    op.drop_table("freed_blobs")
