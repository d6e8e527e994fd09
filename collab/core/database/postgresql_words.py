"""What PostgreSQL keeps besides texts: the words that are searched, and the keys of names.

The same code makes them as on SQLite, where triggers call it; here the server can't. So triggers
note the rows whose texts have changed, whatever changed them, and each transaction that writes
processes its own before it commits: no reader ever sees a text without its words.
"""

# ruff: noqa: S608  (SQL is made of names of ours alone)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from ..json import loads
from ..words.splitting import indexed
from . import postgresql_schema
from .postgresql_texts import BY_TABLE, TEXT_SOURCES, Found, TextSource

#: Rows that are processed at once.
ROWS_AT_ONCE = 200
TRIGGER_PREFIX = "words_"

#: What a folded column of names is compared with.
FOLDED_SUFFIX = "_folded"
#: Stands before a place in the index; no word begins with it.
PLACE_SIGN = "="
#: Characters of a word that are looked up in the index; the rest is compared in the text.
MAX_LOOKED_UP_CHARACTERS = 255
#: Places of a word that count in ranking, and the last place that PostgreSQL can note.
MAX_RANKED_PLACES = 16
LAST_PLACE = 16383
#: Bytes of distinct words that are looked up: PostgreSQL takes no more than a MiB.
MAX_VECTOR_BYTES = 900_000
#: Bytes that a word takes there besides its letters, at most.
PER_WORD_BYTES = 8 + 2 * MAX_RANKED_PLACES


DUE_TABLE = """
CREATE UNLOGGED TABLE IF NOT EXISTS words_due (
    source text COLLATE "C" NOT NULL, id bigint NOT NULL, PRIMARY KEY (source, id)
);
"""
INDEX_TABLES = """
CREATE TABLE IF NOT EXISTS search_index (
    rowid bigint PRIMARY KEY, words text COLLATE "C" NOT NULL, vector tsvector NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_search_index_vector ON search_index USING gin (vector);
CREATE OR REPLACE FUNCTION search_agrees(words text, asked jsonb) RETURNS boolean
    IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $body$
DECLARE
    term jsonb;
    way text;
    found boolean;
BEGIN
    FOR term IN SELECT jsonb_array_elements(asked -> 'wanted') LOOP
        found := false;
        FOR way IN SELECT jsonb_array_elements_text(term) LOOP
            found := found OR strpos(words, way) > 0;
        END LOOP;
        IF NOT found THEN
            RETURN false;
        END IF;
    END LOOP;
    FOR way IN SELECT jsonb_array_elements_text(asked -> 'excluded') LOOP
        IF strpos(words, way) > 0 THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END $body$;
"""

TAKE_DUE = (
    "DELETE FROM words_due WHERE ctid = ANY (ARRAY"
    f"(SELECT ctid FROM words_due LIMIT {ROWS_AT_ONCE})) RETURNING source, id"
)
PUT_ROWS = (
    "INSERT INTO search_index (rowid, words, vector)"
    " SELECT r, w, CAST(v AS tsvector) FROM unnest(%s::bigint[], %s::text[], %s::text[])"
    " AS due (r, w, v)"
    " ON CONFLICT (rowid) DO UPDATE SET words = excluded.words, vector = excluded.vector"
)
DROP_ROWS = "DELETE FROM search_index WHERE rowid = ANY (%s)"


def ensure(connection: Connection) -> None:
    """Create the index, the columns and the triggers; then process all rows if these are new."""
    postgresql_schema.run(connection, INDEX_TABLES)
    there = {row[0]: row[1] for row in connection.execute(postgresql_schema.KNOWN_TRIGGERS)}
    for one in TEXT_SOURCES:
        name, sql = TRIGGER_PREFIX + one.table, _trigger(one)
        if there.get(name) == sql:
            continue
        if name in there:
            postgresql_schema.run(connection, f"DROP FUNCTION {name}() CASCADE")
        for column, _, _ in one.derived:
            kind = "text COLLATE \"C\" NOT NULL DEFAULT ''"
            add = f"ALTER TABLE {one.table} ADD COLUMN IF NOT EXISTS {column} {kind}"
            postgresql_schema.run(connection, add)
        postgresql_schema.run(connection, sql)
        postgresql_schema.run(connection, postgresql_schema.note(name, sql))
        postgresql_schema.run(connection, note_all(one.table))
    catch_up(connection.connection.dbapi_connection)


def forget(connection: Connection) -> None:
    """Drop what `ensure` created, except the table that each commit looks at."""
    for one in TEXT_SOURCES:
        name = TRIGGER_PREFIX + one.table
        postgresql_schema.run(connection, f"DROP FUNCTION IF EXISTS {name}() CASCADE")
        for column, _, _ in one.derived:
            if column.endswith(FOLDED_SUFFIX):
                drop = f"ALTER TABLE {one.table} DROP COLUMN IF EXISTS {column}"
                postgresql_schema.run(connection, drop)
    postgresql_schema.run(connection, "DROP TABLE IF EXISTS search_index; DELETE FROM words_due")


def note_all(table: str) -> str:
    """Return the statement that has all rows of a table processed."""
    return (
        f"INSERT INTO words_due (source, id) SELECT '{table}', id FROM {table}"
        " ON CONFLICT DO NOTHING"
    )


def _trigger(one: TextSource) -> str:
    note = (
        f"INSERT INTO words_due (source, id) VALUES ('{one.table}', coalesce(new.id, old.id))"
        " ON CONFLICT DO NOTHING"
    )
    moment = f"AFTER INSERT OR DELETE OR UPDATE OF {', '.join(one.columns)}"
    return postgresql_schema.trigger(TRIGGER_PREFIX + one.table, moment, one.table, [note])


def catch_up(driver: Any, due: list[Any] | None = None) -> None:
    """Process all rows whose texts have changed, in the open transaction.

    The first of them may have been taken already, as `due`.
    """
    if due is None:
        due = driver.execute(TAKE_DUE).fetchall()
    while due:
        ids: dict[str, list[int]] = defaultdict(list)
        for table, key in due:
            ids[table].append(key)
        for table, keys in ids.items():
            _look_after(driver, BY_TABLE[table], keys)
        more = len(due) == ROWS_AT_ONCE
        due = driver.execute(TAKE_DUE).fetchall() if more else []


def _look_after(driver: Any, source: TextSource, keys: list[int]) -> None:
    if source.derived:
        _derive(driver, source, keys)
    if source.found is not None:
        _index(driver, source.table, source.found, keys)


def _derive(driver: Any, source: TextSource, keys: list[int]) -> None:
    of = [column for _, column, _ in source.derived]
    query = f"SELECT id, {', '.join(of)} FROM {source.table} WHERE id = ANY (%s)"
    rows = driver.execute(query, (keys,)).fetchall()
    made = [
        [make(row[at]) for row in rows] for at, (_, _, make) in enumerate(source.derived, start=1)
    ]
    names = [column for column, _, _ in source.derived]
    places = "".join(", %s::text[]" for _ in names)
    sets = ", ".join(f"{name} = due.{name}" for name in names)
    change = (
        f"UPDATE {source.table} t SET {sets} FROM unnest(%s::bigint[]{places})"
        f" AS due (id, {', '.join(names)}) WHERE t.id = due.id"
    )
    driver.execute(change, ([row[0] for row in rows], *made))


def _index(driver: Any, table: str, found: Found, keys: list[int]) -> None:
    query = (
        f"SELECT id, {found.places}, {found.title}, {found.body}, {found.tags}"
        f" FROM {table} WHERE id = ANY (%s)"
    )
    rows = driver.execute(query, (keys,)).fetchall()
    gone = set(keys) - {row[0] for row in rows}
    if gone:
        driver.execute(DROP_ROWS, ([_rowid(key, found) for key in gone],))
    if rows:
        texts = [(indexed(title), indexed(body), _tags(tags)) for _, _, title, body, tags in rows]
        values = (
            [_rowid(row[0], found) for row in rows],
            [in_a_row(one) for one in texts],
            [vector(row[1].split(), one) for row, one in zip(rows, texts, strict=True)],
        )
        driver.execute(PUT_ROWS, values)


def _rowid(key: int, found: Found) -> int:
    return key * 8 + found.number


def _tags(tags: str | None) -> str:
    return indexed(" ".join(loads(tags)) if tags else "")


def in_a_row(texts: Iterable[str]) -> str:
    """Return the words of texts in a form in which `strpos` finds words that follow each other."""
    return "\n".join(f" {one} " for one in texts)


#: The weights of title, body and tags, as PostgreSQL calls them.
WEIGHT_LETTERS = ("A", "D", "B")


def vector(places: Iterable[str], texts: Sequence[str]) -> str:
    """Return a tsvector as text: each word with its positions, and the places of the row."""
    noted: dict[str, list[str]] = defaultdict(list)
    at = 0
    for letter, one in zip(WEIGHT_LETTERS, texts, strict=True):
        for at, word in enumerate(one.split(" ") if one else (), start=at + 1):  # noqa: B020
            stands = noted[word[:MAX_LOOKED_UP_CHARACTERS]]
            if len(stands) < MAX_RANKED_PLACES:
                stands.append(f"{min(at, LAST_PLACE)}{letter}")
    parts = [lexeme(PLACE_SIGN + place) for place in places]
    return " ".join((*parts, *_bounded(noted)))


def _bounded(noted: dict[str, list[str]]) -> Iterator[str]:
    room = MAX_VECTOR_BYTES
    for word, stands in noted.items():
        room -= len(word.encode()) + PER_WORD_BYTES
        if room < 0:
            return
        yield f"{lexeme(word)}:{','.join(stands)}"


def lexeme(word: str) -> str:
    """Return a word as it is written in the text of a tsvector, or of a tsquery."""
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"
