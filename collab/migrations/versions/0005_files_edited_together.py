"""files edited together."""

import sqlalchemy as sa
from alembic import op

from collab.migrations.kinds import is_sqlite


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


#: What the full-text index has of a file; see the migration that makes the index.
NUMBER = 6
ROW = (
    f"new.id * 8 + {NUMBER}, 'file fileadmin filep' || new.project_id, new.path, new.searchable, ''"
)
PUT = f"INSERT INTO search_index (rowid, scope, title, body, tags) VALUES ({ROW})"
DROP = f"DELETE FROM search_index WHERE rowid = old.id * 8 + {NUMBER}"
TRIGGERS = {
    "added": f"AFTER INSERT ON files BEGIN {PUT}; END",
    "changed": f"AFTER UPDATE OF path, searchable ON files BEGIN {DROP}; {PUT}; END",
    "deleted": f"AFTER DELETE ON files BEGIN {DROP}; END",
}


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table('files',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('workspace_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('project_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('path', sa.String(length=500), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('content_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('searchable', sa.Text(), nullable=False),
    sa.Column('content_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('updated_at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_files_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_files_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_files')),
    sa.UniqueConstraint('workspace_id', 'path', name=op.f('uq_files_workspace_id_path')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.create_index('ix_files_project_id', ['project_id'], unique=False)
        batch_op.create_index('ix_files_sha256', ['sha256'], unique=False)
        batch_op.create_index('ix_files_workspace_id_id', ['workspace_id', 'id'], unique=False)

    op.create_table('file_changes',
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('base', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('door', sa.String(length=10), nullable=False),
    sa.Column('edit_id', sa.String(length=64), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('inserted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('deleted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('weight', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('undoes', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('delta', sa.JSON(), nullable=False),
    sa.Column('update', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], name=op.f('fk_file_changes_file_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('file_id', 'version', name=op.f('pk_file_changes'))
    )
    with op.batch_alter_table('file_changes', schema=None) as batch_op:
        batch_op.create_index('ix_file_changes_edit_id', ['file_id', 'author_id', 'edit_id'], unique=True, sqlite_where=sa.text('edit_id IS NOT NULL'), postgresql_where=sa.text('edit_id IS NOT NULL'))
        batch_op.create_index('ix_file_changes_file_id_author_id', ['file_id', 'author_id'], unique=False)

    op.create_table('file_checkpoints',
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('text', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], name=op.f('fk_file_checkpoints_file_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('file_id', 'version', name=op.f('pk_file_checkpoints'))
    )

    for moment, action in TRIGGERS.items() if is_sqlite() else ():
        op.execute(f"CREATE TRIGGER search_file_{moment} {action}")


def downgrade() -> None:
    """Take the schema back."""
    if is_sqlite():
        for moment in TRIGGERS:
            op.execute(f"DROP TRIGGER search_file_{moment}")
        op.execute(f"DELETE FROM search_index WHERE rowid % 8 = {NUMBER}")
    op.drop_table('file_checkpoints')
    with op.batch_alter_table('file_changes', schema=None) as batch_op:
        batch_op.drop_index('ix_file_changes_file_id_author_id')
        batch_op.drop_index('ix_file_changes_edit_id')

    op.drop_table('file_changes')
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.drop_index('ix_files_workspace_id_id')
        batch_op.drop_index('ix_files_sha256')
        batch_op.drop_index('ix_files_project_id')

    op.drop_table('files')
