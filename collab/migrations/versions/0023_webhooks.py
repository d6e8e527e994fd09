"""webhooks with their deliveries and attempts, and incoming hooks."""

import sqlalchemy as sa
from alembic import op

revision = "webhooks"
down_revision = "verified_addresses"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up."""
    _make_webhooks()
    _make_deliveries()
    _make_incoming()


def _make_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("sealed_previous", sa.Text(), nullable=True),
        sa.Column("previous_until", sa.DateTime(), nullable=True),
        sa.Column("after_id", ID, nullable=False),
        sa.Column("behind_at", ID, nullable=True),
        sa.Column("last_place", ID, nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("retry_at", sa.DateTime(), nullable=True),
        sa.Column("failing_since", sa.DateTime(), nullable=True),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("holder", sa.String(length=40), nullable=True),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        *_belongs_to_project("webhooks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhooks_project_id_id", "webhooks", ["project_id", "id"])
    op.create_index("ix_webhooks_created_by", "webhooks", ["created_by"])
    op.create_index(
        "ix_webhooks_due", "webhooks", ["due_at"], sqlite_where=sa.text("due_at IS NOT NULL"), postgresql_where=sa.text("due_at IS NOT NULL"))


def _make_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=True),
        sa.Column("message_id", sa.String(length=80), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("place", ID, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("answer_status", ID, nullable=True),
        sa.Column("error", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "webhook_id", "message_id", name=op.f("uq_webhook_deliveries_webhook_id_message_id")
        ),
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ("webhook_id_id", ["webhook_id", "id"]),
        ("webhook_id_status_place", ["webhook_id", "status", "place"]),
        ("webhook_id_status_id", ["webhook_id", "status", "id"]),
        ("event_id", ["event_id"]),
        ("ended_at", ["ended_at"]),
    ):
        op.create_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries", columns)
    op.create_table(
        "webhook_attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("milliseconds", ID, nullable=False),
        sa.Column("answer_status", ID, nullable=True),
        sa.Column("answer", sa.String(length=1024), nullable=True),
        sa.Column("error", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index(
        "ix_webhook_attempts_delivery_id_id", "webhook_attempts", ["delivery_id", "id"]
    )


def _make_incoming() -> None:
    op.create_table(
        "incoming_hooks",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("event_type", sa.String(length=60), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("token_hint", sa.String(length=8), nullable=False),
        sa.Column("check", sa.String(length=10), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=True),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        *_belongs_to_project("incoming_hooks"),
        sa.UniqueConstraint("token_digest", name=op.f("uq_incoming_hooks_token_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incoming_hooks_project_id_id", "incoming_hooks", ["project_id", "id"])
    op.create_index("ix_incoming_hooks_created_by", "incoming_hooks", ["created_by"])
    op.create_table(
        "incoming_messages",
        sa.Column("hook_id", ID, nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hook_id"],
            ["incoming_hooks.id"],
            name=op.f("fk_incoming_messages_hook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hook_id", "message_id", name=op.f("pk_incoming_messages")),
    )
    op.create_index("ix_incoming_messages_created_at", "incoming_messages", ["created_at"])


def _belongs_to_project(table: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f(f"fk_{table}_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f(f"fk_{table}_created_by"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("incoming_messages")
    op.drop_table("incoming_hooks")
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
