"""tasks, posts, notifications and flags."""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table('flag_overrides',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('percentage', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_flag_overrides'))
    )
    op.create_table('log_readers',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_log_readers'))
    )
    op.create_table('collections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('numbering', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('updated_at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_collections_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_collections')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('collections', schema=None) as batch_op:
        batch_op.create_index('ix_collections_owner_id_id', ['owner_id', 'id'], unique=False)

    op.create_table('notification_preferences',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('muted', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_notification_preferences_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_notification_preferences'))
    )
    op.create_table('posts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('published_at', sa.DateTime(), nullable=True),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('updated_at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_posts_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posts')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.create_index('ix_posts_owner_id_status_id', ['owner_id', 'status', 'id'], unique=False)
        batch_op.create_index('ix_posts_status_id', ['status', 'id'], unique=False)
        batch_op.create_index('ix_posts_status_updated_at_id', ['status', 'updated_at', 'id'], unique=False)

    op.create_table('tasks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('priority_rank', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('due_at', sa.DateTime(), nullable=True),
    sa.Column('due_zone', sa.String(length=64), nullable=False),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('position', sa.String(length=255), nullable=False),
    sa.Column('reminded_for', sa.DateTime(), nullable=True),
    sa.Column('board', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Computed('coalesce(project_id, -owner_id)', persisted=True), nullable=False),
    sa.Column('due_order', sa.DateTime(), sa.Computed("coalesce(due_at, '9999-12-31 00:00:00.000000')", persisted=True), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('project_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('updated_at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['assignee_id'], ['users.id'], name=op.f('fk_tasks_assignee_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_tasks_owner_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_tasks_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.create_index('ix_tasks_assignee_id_id', ['assignee_id', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_assignee_id_id', ['board', 'assignee_id', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_due_order_id', ['board', 'due_order', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_id', ['board', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_position_id', ['board', 'position', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_priority_rank_id', ['board', 'priority_rank', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_status_id', ['board', 'status', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_status_position', ['board', 'status', 'position', 'id'], unique=False)
        batch_op.create_index('ix_tasks_board_updated_at_id', ['board', 'updated_at', 'id'], unique=False)
        batch_op.create_index('ix_tasks_owner_id_due_order_id', ['owner_id', 'due_order', 'id'], unique=False)
        batch_op.create_index('ix_tasks_owner_id_id', ['owner_id', 'id'], unique=False)
        batch_op.create_index('ix_tasks_owner_id_position_id', ['owner_id', 'position', 'id'], unique=False)
        batch_op.create_index('ix_tasks_owner_id_priority_rank_id', ['owner_id', 'priority_rank', 'id'], unique=False)
        batch_op.create_index('ix_tasks_owner_id_status_id', ['owner_id', 'status', 'id'], unique=False)
        batch_op.create_index('ix_tasks_owner_id_updated_at_id', ['owner_id', 'updated_at', 'id'], unique=False)
        batch_op.create_index('ix_tasks_status_id', ['status', 'id'], unique=False)
        batch_op.create_index('ix_tasks_to_remind_due_at', ['due_at'], unique=False, sqlite_where=sa.text("status <> 'done' AND reminded_for IS NOT due_at"), postgresql_where=sa.text("status <> 'done' AND reminded_for IS DISTINCT FROM due_at"))
        # Behind the whole ones: where both would do, SQLite takes the index that was made later.
        batch_op.create_index('ix_tasks_board_open_due_order_id', ['board', 'due_order', 'id'], unique=False, sqlite_where=sa.text("status <> 'done'"), postgresql_where=sa.text("status <> 'done'"))
        batch_op.create_index('ix_tasks_owner_id_open_due_order_id', ['owner_id', 'due_order', 'id'], unique=False, sqlite_where=sa.text("status <> 'done'"), postgresql_where=sa.text("status <> 'done'"))

    op.create_table('collection_posts',
    sa.Column('collection_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('post_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.String(length=255), nullable=False),
    sa.Column('added_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['collection_id'], ['collections.id'], name=op.f('fk_collection_posts_collection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_collection_posts_post_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('collection_id', 'post_id', name=op.f('pk_collection_posts'))
    )
    with op.batch_alter_table('collection_posts', schema=None) as batch_op:
        batch_op.create_index('ix_collection_posts_collection_id_position', ['collection_id', 'position'], unique=False)
        batch_op.create_index('ix_collection_posts_post_id', ['post_id'], unique=False)

    op.create_table('comments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('updated_at', sa.DateTime(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_comments_author_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_comments_task_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_comments')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('comments', schema=None) as batch_op:
        batch_op.create_index('ix_comments_author_id', ['author_id'], unique=False)
        batch_op.create_index('ix_comments_task_id_id', ['task_id', 'id'], unique=False)

    op.create_table('task_tags',
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tag', sa.String(length=40), nullable=False),
    sa.Column('board', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_task_tags_task_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', 'tag', name=op.f('pk_task_tags'))
    )
    with op.batch_alter_table('task_tags', schema=None) as batch_op:
        batch_op.create_index('ix_task_tags_board_tag_task_id', ['board', 'tag', 'task_id'], unique=False)
        batch_op.create_index('ix_task_tags_owner_id_tag_task_id', ['owner_id', 'tag', 'task_id'], unique=False)
        batch_op.create_index('ix_task_tags_tag_task_id', ['tag', 'task_id'], unique=False)

    op.create_table('notifications',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('project_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('comment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('post_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('actor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('read_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], name=op.f('fk_notifications_comment_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['job_id'], ['jobs.id'], name=op.f('fk_notifications_job_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['post_id'], ['posts.id'], name=op.f('fk_notifications_post_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_notifications_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_notifications_task_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_notifications_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notifications')),
    sa.UniqueConstraint('user_id', 'event_id', name=op.f('uq_notifications_user_id_event_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.create_index('ix_notifications_comment_id', ['comment_id'], unique=False)
        batch_op.create_index('ix_notifications_job_id', ['job_id'], unique=False)
        batch_op.create_index('ix_notifications_post_id', ['post_id'], unique=False)
        batch_op.create_index('ix_notifications_project_id', ['project_id'], unique=False)
        batch_op.create_index('ix_notifications_task_id', ['task_id'], unique=False)
        batch_op.create_index('ix_notifications_user_id_id', ['user_id', 'id'], unique=False)
        batch_op.create_index('ix_notifications_user_id_read_at_id', ['user_id', 'read_at', 'id'], unique=False)

    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('address', sa.String(length=45), nullable=True))
        batch_op.create_index('ix_events_actor_id', ['actor', 'id'], unique=False)



def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_index('ix_events_actor_id')

    op.drop_column('events', 'address')

    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.drop_index('ix_notifications_user_id_read_at_id')
        batch_op.drop_index('ix_notifications_user_id_id')
        batch_op.drop_index('ix_notifications_task_id')
        batch_op.drop_index('ix_notifications_project_id')
        batch_op.drop_index('ix_notifications_post_id')
        batch_op.drop_index('ix_notifications_job_id')
        batch_op.drop_index('ix_notifications_comment_id')

    op.drop_table('notifications')
    with op.batch_alter_table('task_tags', schema=None) as batch_op:
        batch_op.drop_index('ix_task_tags_tag_task_id')
        batch_op.drop_index('ix_task_tags_owner_id_tag_task_id')
        batch_op.drop_index('ix_task_tags_board_tag_task_id')

    op.drop_table('task_tags')
    with op.batch_alter_table('comments', schema=None) as batch_op:
        batch_op.drop_index('ix_comments_task_id_id')
        batch_op.drop_index('ix_comments_author_id')

    op.drop_table('comments')
    with op.batch_alter_table('collection_posts', schema=None) as batch_op:
        batch_op.drop_index('ix_collection_posts_post_id')
        batch_op.drop_index('ix_collection_posts_collection_id_position')

    op.drop_table('collection_posts')
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.drop_index('ix_tasks_to_remind_due_at')
        batch_op.drop_index('ix_tasks_status_id')
        batch_op.drop_index('ix_tasks_owner_id_updated_at_id')
        batch_op.drop_index('ix_tasks_owner_id_status_id')
        batch_op.drop_index('ix_tasks_owner_id_priority_rank_id')
        batch_op.drop_index('ix_tasks_owner_id_position_id')
        batch_op.drop_index('ix_tasks_owner_id_id')
        batch_op.drop_index('ix_tasks_owner_id_due_order_id')
        batch_op.drop_index('ix_tasks_owner_id_open_due_order_id')
        batch_op.drop_index('ix_tasks_board_open_due_order_id')
        batch_op.drop_index('ix_tasks_board_updated_at_id')
        batch_op.drop_index('ix_tasks_board_status_position')
        batch_op.drop_index('ix_tasks_board_status_id')
        batch_op.drop_index('ix_tasks_board_priority_rank_id')
        batch_op.drop_index('ix_tasks_board_position_id')
        batch_op.drop_index('ix_tasks_board_id')
        batch_op.drop_index('ix_tasks_board_due_order_id')
        batch_op.drop_index('ix_tasks_board_assignee_id_id')
        batch_op.drop_index('ix_tasks_assignee_id_id')

    op.drop_table('tasks')
    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.drop_index('ix_posts_status_updated_at_id')
        batch_op.drop_index('ix_posts_status_id')
        batch_op.drop_index('ix_posts_owner_id_status_id')

    op.drop_table('posts')
    op.drop_table('notification_preferences')
    with op.batch_alter_table('collections', schema=None) as batch_op:
        batch_op.drop_index('ix_collections_owner_id_id')

    op.drop_table('collections')
    op.drop_table('log_readers')
    op.drop_table('flag_overrides')
