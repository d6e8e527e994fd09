"""The queue of jobs on a server: Procrastinate's tables, which are made after all migrations."""

from alembic import op

from collab.core.database import engine

revision = "queue_of_jobs"
down_revision = "mails_by_status"
branch_labels = None
depends_on = None

#: All that its schema has, whichever version it is of.
DROP_SCHEMA = """
DO $$
DECLARE
    one regprocedure;
BEGIN
    DROP TABLE IF EXISTS procrastinate_events, procrastinate_periodic_defers,
        procrastinate_jobs, procrastinate_workers CASCADE;
    FOR one IN SELECT oid::regprocedure FROM pg_proc
        WHERE starts_with(proname, 'procrastinate_') AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP FUNCTION ' || one || ' CASCADE';
    END LOOP;
    DROP TYPE IF EXISTS procrastinate_job_to_defer_v1, procrastinate_job_status,
        procrastinate_job_event_type CASCADE;
END
$$
"""


def upgrade() -> None:
    """Do nothing: what follows from the code is made in the end (`at_ensure`)."""


def downgrade() -> None:
    """Drop its tables, functions and types; what waits keeps its row."""
    if engine().address is not None:
        engine().run(op.get_bind(), DROP_SCHEMA)
