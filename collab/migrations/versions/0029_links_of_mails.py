"""Links in mails, requests for new passwords, digests.

Revision ID: mail_links
Revises: traces
"""

import sqlalchemy as sa
from alembic import op

revision = "mail_links"
down_revision = "traces"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mail_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("invitation_id", ID, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mail_links_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_mail_links_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_mail_links")),
    )
    op.create_index("ix_mail_links_user_id_purpose", "mail_links", ["user_id", "purpose"])
    op.create_index("ix_mail_links_invitation_id", "mail_links", ["invitation_id"])
    op.create_index("ix_mail_links_expires_at", "mail_links", ["expires_at"])
    op.create_table(
        "reset_requests",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_reset_requests")),
    )
    op.create_table(
        "digest_plans",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("every", sa.String(length=10), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("mailed_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_digest_plans_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_digest_plans")),
    )
    op.create_index("ix_digest_plans_next_at", "digest_plans", ["next_at"])


def downgrade() -> None:
    """Take the tables back."""
    op.drop_table("digest_plans")
    op.drop_table("reset_requests")
    op.drop_table("mail_links")
