"""What PostgreSQL needs besides the tables of the migrations: functions, and the order of texts.

It is created after the migrations, each time; what is there already stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from .engine import NEW_ROWS, OLD_ROWS

#: Bytes of a value as it is stored; a part of a JSON document, by a path such as `$.email`.
SQL_FUNCTIONS = """
CREATE OR REPLACE FUNCTION byte_length(text) RETURNS integer IMMUTABLE PARALLEL SAFE LANGUAGE sql
    AS 'SELECT octet_length($1)';
CREATE OR REPLACE FUNCTION byte_length(bytea) RETURNS integer IMMUTABLE PARALLEL SAFE LANGUAGE sql
    AS 'SELECT octet_length($1)';
CREATE OR REPLACE FUNCTION byte_length(json) RETURNS integer IMMUTABLE PARALLEL SAFE LANGUAGE sql
    AS 'SELECT octet_length(CAST($1 AS text))';
CREATE OR REPLACE FUNCTION json_extract(json, text) RETURNS text IMMUTABLE PARALLEL SAFE
    LANGUAGE sql AS 'SELECT $1 #>> string_to_array(substr($2, 3), ''.'')';
"""

#: A commit of its own that waits for the disk; once it is there, so are all earlier ones.
FLUSH_COMMIT = "SELECT pg_logical_emit_message(true, '', '')"

KNOWN_TRIGGERS = text(
    "SELECT tgname, obj_description(t.oid, 'pg_trigger') FROM pg_trigger t"
    " JOIN pg_class c ON c.oid = tgrelid"
    " WHERE NOT tgisinternal AND relnamespace = CAST(current_schema() AS regnamespace)"
)

#: Text columns that are compared by the database's collation, if it has one (by bytes, `B` is
#: before `a`); pages, keys and places in a list are in the order of their bytes, as on SQLite. The
#: queue's tables belong to Procrastinate, and nothing of ours depends on their order.
NOT_BY_BYTES = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_collation o ON o.oid = a.attcollation
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r'
        AND a.attnum > 0 AND NOT a.attisdropped AND o.collname = 'default'
        AND NOT starts_with(c.relname, 'procrastinate_') AND 'a' < 'B'
""")


def ensure(connection: Connection) -> None:
    """Create the functions, and have texts compared by their bytes."""
    run(connection, SQL_FUNCTIONS)
    for table, column, kind in connection.execute(NOT_BY_BYTES).all():
        change = f'ALTER COLUMN "{column}" TYPE {kind} COLLATE "C"'
        run(connection, f'ALTER TABLE "{table}" {change}')


def run(connection: Connection, sql: str) -> None:
    """Run SQL as it is, whatever it has of signs."""
    connection.execution_options(no_parameters=True).exec_driver_sql(sql)


def trigger(name: str, moment: str, table: str, statements: Iterable[str], when: str = "") -> str:
    """Return the SQL of a trigger's function, and of the trigger."""
    body = "; ".join(statements) + ";"
    if when:
        body = f"IF {when} THEN {body} END IF;"
    goes_on = "old" if moment == "BEFORE DELETE" else "NULL"
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ "
        f"BEGIN {body} RETURN {goes_on}; END $body$; "
        f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


#: Which transition tables each kind of trigger sees.
_SHOWN = {
    "AFTER INSERT": f"NEW TABLE AS {NEW_ROWS}",
    "AFTER DELETE": f"OLD TABLE AS {OLD_ROWS}",
    "AFTER UPDATE": f"OLD TABLE AS {OLD_ROWS} NEW TABLE AS {NEW_ROWS}",
}


def trigger_of_all(name: str, moment: str, table: str, statements: Iterable[str]) -> str:
    """Return the SQL of a function, and of the trigger that calls it once for a statement."""
    body = "; ".join(statements)
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ "
        f"BEGIN {body}; RETURN NULL; END $body$; CREATE TRIGGER {name} {moment} ON {table} "
        f"REFERENCING {_SHOWN[moment]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def note(name: str, sql: str) -> str:
    """Return the SQL that notes how a trigger was created; the table is in that SQL."""
    table = sql.rpartition(f"CREATE TRIGGER {name} ")[2].split(" ON ", 1)[1].split()[0]
    return f"COMMENT ON TRIGGER {name} ON {table} IS $sql${sql}$sql$"
