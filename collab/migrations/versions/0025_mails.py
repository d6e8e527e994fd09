"""Mails on their way.

Revision ID: mails
Revises: schedules
"""

import sqlalchemy as sa
from alembic import op

revision = "mails"
down_revision = "schedules"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "mails",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("good_until", sa.DateTime(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_mails_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_mails_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("job_id", name=op.f("uq_mails_job_id")),
        sa.UniqueConstraint("message_id", name=op.f("uq_mails_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mails_owner_id", "mails", ["owner_id"])
    op.create_index(
        "ix_mails_recipient_kind_created_at", "mails", ["recipient", "kind", "created_at"]
    )
    op.create_index(
        "ix_mails_ended_at", "mails", ["ended_at"], sqlite_where=sa.text("ended_at IS NOT NULL"), postgresql_where=sa.text("ended_at IS NOT NULL"))


def downgrade() -> None:
    """Take the table back."""
    op.drop_table("mails")
