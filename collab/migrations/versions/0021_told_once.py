"""Whoever is mentioned is told once of each text; mentions look for names as they are folded.

Revision ID: told_once
Revises: any_language
"""

import sqlalchemy as sa
from alembic import op

from collab.core.words.calling import call_key
from collab.migrations.kinds import is_sqlite

revision = "told_once"
down_revision = "any_language"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Column -> the table that it is of.
TEXTS = {"comment_id": "comments", "task_id": "tasks", "post_id": "posts"}


def upgrade() -> None:
    """Make the table, with who has been told so far, and the new keys of names."""
    op.create_table(
        "told_mentions",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        *(sa.Column(column, ID, nullable=True) for column in TEXTS),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_told_mentions_user_id"), ondelete="CASCADE"
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_told_mentions_{column}"), ondelete="CASCADE"
            )
            for column, table in TEXTS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_mentions")),
        *(
            sa.UniqueConstraint(column, "user_id", name=op.f(f"uq_told_mentions_{column}_user_id"))
            for column in TEXTS
        ),
    )
    op.create_index("ix_told_mentions_user_id", "told_mentions", ["user_id"])
    op.execute(
        "INSERT INTO told_mentions (user_id, comment_id, task_id, post_id) "
        "SELECT user_id, comment_id, CASE WHEN comment_id IS NULL THEN task_id END, post_id "
        "FROM notifications WHERE kind = 'mentioned' ON CONFLICT DO NOTHING"
    )
    make_keys()


def make_keys() -> None:
    """Make the keys that people are called by."""
    connection = op.get_bind()
    if is_sqlite():
        op.execute("UPDATE users SET handle = call_key(name), mailbox = call_key(mailbox)")
        return
    change = sa.text("UPDATE users SET handle = :handle, mailbox = :mailbox WHERE id = :id")
    for row in connection.execute(sa.text("SELECT id, name, mailbox FROM users")).all():
        values = {"handle": call_key(row.name), "mailbox": call_key(row.mailbox), "id": row.id}
        connection.execute(change, values)


def downgrade() -> None:
    """Take the schema back."""
    op.execute(
        "UPDATE users SET handle = lower(replace(name, ' ', '')),"
        f" mailbox = substr(email, 1, {'instr' if is_sqlite() else 'strpos'}(email, '@') - 1)"
    )
    op.drop_table("told_mentions")
