"""the full-text index, and the triggers that keep it."""

from alembic import op

from collab.migrations.kinds import is_sqlite


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Number of the kind, table, what changes of it matter, places it is seen from, title, body, tags.
COVERED = {
    "project": (
        1,
        "projects",
        "name, description",
        "' projectadmin projectp' || {row}.id",
        "{row}.name",
        "{row}.description",
        "''",
    ),
    "task": (
        2,
        "tasks",
        "title, description, tags, project_id, owner_id",
        "' taskadmin task' || CASE WHEN {row}.project_id IS NULL THEN 'u' || {row}.owner_id "
        "ELSE 'p' || {row}.project_id END",
        "{row}.title",
        "{row}.description",
        "(SELECT coalesce(group_concat(value, ' '), '') FROM json_each({row}.tags))",
    ),
    "post": (
        3,
        "posts",
        "title, body, status, owner_id",
        "' postu' || {row}.owner_id || CASE {row}.status WHEN 'published' "
        "THEN ' postpublic' ELSE '' END",
        "{row}.title",
        "{row}.body",
        "''",
    ),
    "upload": (
        4,
        "uploads",
        "name, project_id, owner_id",
        "CASE WHEN {row}.project_id IS NULL THEN ' uploadu' || {row}.owner_id "
        "ELSE ' uploadadmin uploadp' || {row}.project_id END",
        "{row}.name",
        "''",
        "''",
    ),
    "workspace": (
        5,
        "workspaces",
        "name, project_id",
        "' workspaceadmin workspacep' || {row}.project_id",
        "{row}.name",
        "''",
        "''",
    ),
}


def upgrade() -> None:
    """Bring the schema up, and the index with what there is."""
    if not is_sqlite():
        return
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(scope, title, body, tags, "
        "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4 5 6')"
    )
    for kind, (number, table, columns, places, *values) in COVERED.items():
        values = [f"'{kind}' || {places}", *values]
        new = ", ".join(value.format(row="new") for value in values)
        old = ", ".join(value.format(row=table) for value in values)
        put = "INSERT INTO search_index (rowid, scope, title, body, tags)"
        drop = f"DELETE FROM search_index WHERE rowid = old.id * 8 + {number}"
        op.execute(f"{put} SELECT id * 8 + {number}, {old} FROM {table}")
        op.execute(
            f"CREATE TRIGGER search_{kind}_added AFTER INSERT ON {table} BEGIN "
            f"{put} VALUES (new.id * 8 + {number}, {new}); END"
        )
        op.execute(
            f"CREATE TRIGGER search_{kind}_changed AFTER UPDATE OF {columns} ON {table} BEGIN "
            f"{drop}; {put} VALUES (new.id * 8 + {number}, {new}); END"
        )
        op.execute(
            f"CREATE TRIGGER search_{kind}_deleted AFTER DELETE ON {table} BEGIN {drop}; END"
        )


def downgrade() -> None:
    """Take the schema back."""
    if not is_sqlite():
        return
    for kind in COVERED:
        for moment in ("added", "changed", "deleted"):
            op.execute(f"DROP TRIGGER search_{kind}_{moment}")
    op.execute("DROP TABLE search_index")
