"""whose the client ids of texts are."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table('file_clients',
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('client', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], name=op.f('fk_file_clients_file_id_files'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('file_id', 'client', name=op.f('pk_file_clients'))
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table('file_clients')
