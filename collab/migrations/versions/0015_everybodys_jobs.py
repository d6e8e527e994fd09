"""admins list everybody's jobs by indexes; what still waits for a disabled account is cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "everybodys_jobs"
down_revision = "0014"
branch_labels = None
depends_on = None

#: As `jobs/on_owner_disabled.py` leaves them; the log of the time has nothing to say of it.
CANCEL_WAITING = """
    UPDATE jobs SET status = 'cancelled', due_at = NULL, version = version + 1, error = :error,
        finished_at = CURRENT_TIMESTAMP, updated_at = CURRENT_TIMESTAMP
    WHERE status IN ('queued', 'retry_wait')
        AND owner_id IN (SELECT id FROM users WHERE disabled_at IS NOT NULL)
"""
#: Those that a stopped server left end as cancelled when they are taken up.
CANCEL_RUNNING = """
    UPDATE jobs SET cancel_requested = true, version = version + 1, error = :error
    WHERE status = 'running'
        AND owner_id IN (SELECT id FROM users WHERE disabled_at IS NOT NULL)
"""
ERROR = '{"code":"account_disabled","message":"The account of its owner was disabled."}'


def upgrade() -> None:
    """Bring the schema up, and end what disabling did not end before."""
    for statement in (CANCEL_WAITING, CANCEL_RUNNING):
        op.get_bind().execute(sa.text(statement), {"error": ERROR})
    every = sa.text("created_at IS NOT NULL")
    op.create_index("ix_jobs_status_id", "jobs", ["status", "id"], sqlite_where=every, postgresql_where=every)
    op.create_index("ix_jobs_type_id", "jobs", ["type", "id"], sqlite_where=every, postgresql_where=every)


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_jobs_type_id", "jobs")
    op.drop_index("ix_jobs_status_id", "jobs")
