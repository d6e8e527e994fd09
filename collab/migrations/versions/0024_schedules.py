"""Jobs that are made again and again."""

import sqlalchemy as sa
from alembic import op

revision = "schedules"
down_revision = "webhooks"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HAS_NEXT = sa.text("next_at IS NOT NULL")
IS_OPEN = sa.text("status IN ('running', 'waiting')")
#: What a table that is rebuilt would lose.
KEPT = {"sqlite_autoincrement": True}
OF_A_SCHEDULE = sa.text("schedule_id IS NOT NULL")


def upgrade() -> None:
    """Make the tables, and note of jobs and notifications which schedule they are of."""
    _make_schedules()
    _make_runs()
    op.add_column("jobs", sa.Column("schedule_id", ID, nullable=True))
    op.create_index(
        "ix_jobs_schedule_id_id", "jobs", ["schedule_id", "id"], sqlite_where=OF_A_SCHEDULE, postgresql_where=OF_A_SCHEDULE)
    name = op.f("fk_notifications_schedule_id")
    with op.batch_alter_table("notifications", table_kwargs=KEPT) as table:
        table.add_column(sa.Column("schedule_id", ID, nullable=True))
        table.create_foreign_key(name, "schedules", ["schedule_id"], ["id"], ondelete="CASCADE")
        table.create_index("ix_notifications_schedule_id", ["schedule_id"])


def _make_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("cron", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("missed", sa.String(length=8), nullable=False),
        sa.Column("overlap", sa.String(length=8), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("priority", ID, nullable=False),
        sa.Column("max_attempts", ID, nullable=True),
        sa.Column("timeout_s", ID, nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("next_at", sa.DateTime(), nullable=True),
        sa.Column("reckoned_at", sa.DateTime(), nullable=False),
        sa.Column("failures", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=True),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_schedules_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_schedules_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sqlite_autoincrement=True,
    )
    for column in ("next_at", "reckoned_at"):
        op.create_index(
            f"ix_schedules_{column}",
            "schedules",
            [column],
            sqlite_where=HAS_NEXT,
            postgresql_where=HAS_NEXT,
        )
    for columns in (("owner_id",), ("owner_id", "status"), ("project_id",), ("project_id", "status"), ("status",)):
        op.create_index(f"ix_schedules_{'_'.join(columns)}_id", "schedules", [*columns, "id"])
    of_one = ["owner_id", "project_id", "status"]
    op.create_index("ix_schedules_owner_id_project_id_status", "schedules", of_one)


def _make_runs() -> None:
    op.create_table(
        "schedule_runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("schedule_id", ID, nullable=False),
        sa.Column("nominal_at", sa.DateTime(), nullable=True),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_schedule_runs_schedule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_schedule_runs_job_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_runs")),
        sa.UniqueConstraint(
            "schedule_id", "nominal_at", name=op.f("uq_schedule_runs_schedule_id_nominal_at")
        ),
        sqlite_autoincrement=True,
    )
    for columns in (["schedule_id", "id"], ["schedule_id", "status", "id"]):
        op.create_index(f"ix_schedule_runs_{'_'.join(columns)}", "schedule_runs", columns)
    op.create_index(
        "ix_schedule_runs_open",
        "schedule_runs",
        ["schedule_id", "status", "id"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_index("ix_schedule_runs_finished_at", "schedule_runs", ["finished_at"])
    op.create_index("ix_schedule_runs_job_id", "schedule_runs", ["job_id"])


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("notifications", table_kwargs=KEPT) as table:
        table.drop_index("ix_notifications_schedule_id")
        table.drop_column("schedule_id")
    op.drop_index("ix_jobs_schedule_id_id", "jobs")
    op.drop_column("jobs", "schedule_id")
    op.drop_table("schedule_runs")
    op.drop_table("schedules")
