"""The full-text index has folded words, of any language; names have keys that they are sorted by.

Revision ID: any_language
Revises: all_roots
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from collab.core.database import engine
from collab.migrations.kinds import is_sqlite

revision = "any_language"
down_revision = "all_roots"
branch_labels = None
depends_on = None

#: Rows that one statement indexes: it keeps what it writes in memory.
ROWS_AT_ONCE = 1000

TAGS = "(SELECT coalesce(group_concat(value, ' '), '') FROM json_each({row}.tags))"
#: Kind -> its number, its table, what changes of it matter, places it is seen from, title, text,
#: tags.
COVERED = {
    "project": (
        1,
        "projects",
        "name, description",
        "' projectadmin projectp' || {row}.id",
        ("{row}.name", "{row}.description", "''"),
    ),
    "task": (
        2,
        "tasks",
        "title, description, tags, project_id, owner_id",
        "' taskadmin task' || CASE WHEN {row}.project_id IS NULL THEN 'u' || {row}.owner_id "
        "ELSE 'p' || {row}.project_id END",
        ("{row}.title", "{row}.description", TAGS),
    ),
    "post": (
        3,
        "posts",
        "title, body, status, owner_id",
        "' postu' || {row}.owner_id || CASE {row}.status WHEN 'published' "
        "THEN ' postpublic' ELSE '' END",
        ("{row}.title", "{row}.body", "''"),
    ),
    "upload": (
        4,
        "uploads",
        "name, project_id, owner_id",
        "CASE WHEN {row}.project_id IS NULL THEN ' uploadu' || {row}.owner_id "
        "ELSE ' uploadadmin uploadp' || {row}.project_id END",
        ("{row}.name", "''", "''"),
    ),
    "workspace": (
        5,
        "workspaces",
        "name, project_id",
        "' workspaceadmin workspacep' || {row}.project_id",
        ("{row}.name", "''", "''"),
    ),
    "file": (
        6,
        "files",
        "path, searchable",
        "' fileadmin filep' || {row}.project_id",
        ("{row}.path", "{row}.searchable", "''"),
    ),
}
MOMENTS = ("added", "changed", "deleted")
PUT = "INSERT INTO search_index (rowid, scope, title, body, tags)"

#: Table -> the indexes that sort its names, as they were.
NAMED = {
    "projects": ["name id"],
    "workspaces": ["project_id name id"],
    "uploads": ["owner_id name id", "project_id name id"],
    "collections": ["owner_id name id"],
}


def upgrade() -> None:
    """Make the index and the keys of what there is, and the triggers that keep them."""
    if is_sqlite():
        index_texts()
    for table in NAMED:
        keep_keys(table)


def index_texts() -> None:
    """Make the index of what there is, and the triggers that keep it."""
    forget()
    # What is a word has been decided: only spaces stand between them.
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(scope, title, body, tags, tokenize = "
        "\"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'\", prefix = '2 3 4 5 6')"
    )
    for kind, (number, table, columns, places, texts) in COVERED.items():
        scope = f"'{kind}' || {places}"
        values = [scope, *(f"search_words({one})" if one != "''" else one for one in texts)]
        cover(kind, number, table, columns, ", ".join(values))


def forget() -> None:
    """Drop the index and its triggers."""
    for kind in COVERED:
        for moment in MOMENTS:
            op.execute(f"DROP TRIGGER search_{kind}_{moment}")
    op.execute("DROP TABLE search_index")


def cover(kind: str, number: int, table: str, columns: str, values: str) -> None:
    """Index the rows of a table, and let triggers do so from now on."""
    new, old = values.format(row="new"), values.format(row=table)
    drop = f"DELETE FROM search_index WHERE rowid = old.id * 8 + {number}"
    put = f"{PUT} VALUES (new.id * 8 + {number}, {new})"
    for part in parts(table):
        op.execute(f"{PUT} SELECT id * 8 + {number}, {old} FROM {table} WHERE {part}")
    op.execute(f"CREATE TRIGGER search_{kind}_added AFTER INSERT ON {table} BEGIN {put}; END")
    op.execute(
        f"CREATE TRIGGER search_{kind}_changed AFTER UPDATE OF {columns} ON {table} "
        f"BEGIN {drop}; {put}; END"
    )
    op.execute(f"CREATE TRIGGER search_{kind}_deleted AFTER DELETE ON {table} BEGIN {drop}; END")


def parts(table: str) -> Iterator[str]:
    """Yield conditions that cut a table into parts of a bounded size."""
    connection, last = op.get_bind(), 0
    query = sa.text(
        f"SELECT max(id) FROM (SELECT id FROM {table} WHERE id > :last ORDER BY id LIMIT :most)"
    )
    while end := connection.scalar(query, {"last": last, "most": ROWS_AT_ONCE}):
        yield f"id > {last} AND id <= {end}"
        last = end


def keep_keys(table: str) -> None:
    """Give names keys, sort by them, and let triggers make them from now on."""
    op.add_column(table, sa.Column("name_key", sa.Text(), nullable=False, server_default=""))
    for part in parts(table) if is_sqlite() else ():
        op.execute(f"UPDATE {table} SET name_key = sort_key(name) WHERE {part}")
    for columns in NAMED[table]:
        op.drop_index(index(table, columns), table)
        keyed = columns.replace("name", "name_key")
        op.create_index(index(table, keyed), table, keyed.split())
    put = f"UPDATE {table} SET name_key = sort_key(new.name) WHERE id = new.id"
    for moment, when in (("added", "INSERT"), ("changed", "UPDATE OF name")) if is_sqlite() else ():
        op.execute(
            f"CREATE TRIGGER name_key_{table}_{moment} AFTER {when} ON {table} BEGIN {put}; END"
        )


def index(table: str, columns: str) -> str:
    """Return the name of an index."""
    return f"ix_{table}_{columns.replace(' ', '_')}"


def downgrade() -> None:
    """Take the schema back, and index the texts as they are."""
    engine().forget_texts(op.get_bind())
    for table, indexes in NAMED.items():
        for moment in ("added", "changed") if is_sqlite() else ():
            op.execute(f"DROP TRIGGER name_key_{table}_{moment}")
        for columns in indexes:
            op.drop_index(index(table, columns.replace("name", "name_key")), table)
            op.create_index(index(table, columns), table, columns.split())
        op.drop_column(table, "name_key")
    if not is_sqlite():
        return
    forget()
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(scope, title, body, tags, "
        "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4 5 6')"
    )
    for kind, (number, table, columns, places, texts) in COVERED.items():
        cover(kind, number, table, columns, ", ".join([f"'{kind}' || {places}", *texts]))
