"""what a text's document has besides its letters counts to the quota of files, too."""

import sqlalchemy as sa
from alembic import op

from collab.core.usage import triggers

revision = "all_roots"
down_revision = "ingest"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema up; texts that are there are counted with their next change."""
    op.add_column("files", sa.Column("other_bytes", ID, nullable=False, server_default="0"))


def downgrade() -> None:
    """Take the schema back; the triggers that count are created again at the next start."""
    triggers.drop_all(op.get_bind())
    op.drop_column("files", "other_bytes")
