"""Second factors: authenticator apps, recovery codes, passkeys, and the proofs that were used;
personal tokens.

Revision ID: second_factors
Revises: mails
"""

import sqlalchemy as sa
from alembic import op

revision = "second_factors"
down_revision = "mails"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("totp", "recovery_codes", "passkeys", "personal_tokens", "spent_proofs")


def owned(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    """Return the column of whose a row is, and its key."""
    key = op.f(f"fk_{table}_user_id")
    return (
        sa.Column("user_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=key, ondelete="CASCADE"),
    )


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "totp",
        *owned("totp"),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("last_step", ID, nullable=False),
        sa.Column("failures", ID, nullable=False),
        sa.Column("failed_at", sa.DateTime(), nullable=True),
        sa.Column("wait_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp")),
    )
    op.create_table(
        "recovery_codes",
        *owned("recovery_codes"),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", ID, nullable=False),
        *owned("passkeys"),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.LargeBinary(64), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("sign_count", ID, nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_passkeys_user_id_id", "passkeys", ["user_id", "id"])
    op.create_table(
        "personal_tokens",
        sa.Column("id", ID, nullable=False),
        *owned("personal_tokens"),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_personal_tokens_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_personal_tokens_user_id_id", "personal_tokens", ["user_id", "id"])
    op.create_index(
        "ix_personal_tokens_user_id_created_at_id",
        "personal_tokens",
        ["user_id", "created_at", "id"],
    )
    op.create_index("ix_personal_tokens_expires_at", "personal_tokens", ["expires_at"])
    op.create_table(
        "spent_proofs",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_proofs")),
    )
    op.create_index("ix_spent_proofs_expires_at", "spent_proofs", ["expires_at"])


def downgrade() -> None:
    """Take the tables back."""
    for table in TABLES:
        op.drop_table(table)
