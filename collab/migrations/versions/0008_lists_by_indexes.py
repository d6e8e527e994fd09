"""An index for each way to ask for a list and for each foreign key; how people are called.

Revision ID: 0008
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from collab.migrations.kinds import is_sqlite

revision = '0008'
down_revision = '0006'
branch_labels = None
depends_on = None

#: Table -> the columns of its new indexes.
NEW = {
    'members': ['project_id created_at user_id'],
    'invitations': [
        'project_id id',
        'project_id created_at id',
        'email id',
        'email created_at id',
        'invited_by',
    ],
    'projects': ['name id', 'created_at id', 'updated_at id'],
    'workspaces': [
        'project_id id',
        'project_id name id',
        'project_id created_at id',
        'project_id updated_at id',
    ],
    'uploads': ['owner_id name id', 'project_id name id', 'owner_id size id', 'project_id size id'],
    'collections': ['owner_id name id'],
    'events': ['topic type id'],
    'files': ['workspace_id size id', 'workspace_id updated_at id'],
    'jobs': ['owner_id status id', 'project_id status id', 'owner_id type id', 'project_id type id'],
    'notifications': ['user_id kind id'],
    'sessions': ['user_id created_at id', 'user_id last_used_at id', 'user_id expires_at'],
    'tickets': ['session_id'],
    'tasks': ['project_id'],
    'users': ['created_at id', 'handle', 'mailbox'],
}
#: What longer ones make superfluous.
OLD = {'invitations': 'email', 'workspaces': 'project_id', 'sessions': 'user_id'}


def name_of(table: str, columns: str) -> str:
    """Return the name of an index."""
    return f"ix_{table}_{columns.replace(' ', '_')}"


def upgrade() -> None:
    """Make the columns and the indexes."""
    op.add_column('users', sa.Column('handle', sa.String(100), nullable=False, server_default=''))
    op.add_column('users', sa.Column('mailbox', sa.String(254), nullable=False, server_default=''))
    # lower() is that of the application, which knows the case of all letters.
    op.execute(
        "UPDATE users SET handle = lower(replace(name, ' ', '')),"
        f" mailbox = substr(email, 1, {'instr' if is_sqlite() else 'strpos'}(email, '@') - 1)"
    )
    for table, indexes in NEW.items():
        for columns in indexes:
            op.create_index(name_of(table, columns), table, columns.split())
    for table, columns in OLD.items():
        op.drop_index(name_of(table, columns), table)


def downgrade() -> None:
    """Take the schema back."""
    for table, columns in OLD.items():
        op.create_index(name_of(table, columns), table, columns.split())
    for table, indexes in NEW.items():
        for columns in indexes:
            op.drop_index(name_of(table, columns), table)
    op.drop_column('users', 'mailbox')
    op.drop_column('users', 'handle')
