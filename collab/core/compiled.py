"""Statements that are compiled once and run by the driver, for the most frequent queries.

Running a statement through SQLAlchemy costs some 100 µs, of which the database needs 5 to 30. Where
a profile shows that, a module keeps the statement compiled, for whichever database the engine uses:

    PERSON = Compiled(select(User.name).where(User.id == bindparam("user_id")))

    PERSON.one({"user_id": 7}).name

Everything else goes through the session. The statement selects columns and no models, has bind
parameters for all that differs, and none of them is a list. An INSERT needs a value for each
column that it names: the models' defaults are not looked at.
"""

from __future__ import annotations

from collections import deque, namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from flask import Flask
from sqlalchemy import Connection, Dialect, Executable, event
from sqlalchemy.exc import DBAPIError

from ..extensions import db
from .parts import PARTS
from .slots import Slot

T = TypeVar("T")

#: Reading connections that are kept open; if more threads read at once, they open their own.
MAX_READERS_KEPT = 16

#: The parameters' values by their names.
Values = Mapping[str, Any]


class Readers:
    """Connections that begin no transaction, lent for one statement that only reads.

    Each statement sees the database as it is then. They do not belong to the pool.
    """

    def __init__(self, app: Flask) -> None:
        self._free: deque[Connection] = deque()

    def take(self) -> Connection:
        """Return a connection that nobody else has."""
        try:
            return self._free.pop()
        except IndexError:
            made = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            # No longer one of the pool's: it may stay open without a request waiting for its place.
            made.detach()
            return made

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, after its statement has ended."""
        if len(self._free) < MAX_READERS_KEPT:
            self._free.append(connection)
        else:
            connection.close()

    def use(self, act: Callable[[Connection], T]) -> T:
        """Do something with a connection, and return the result; after an error it is closed."""
        connection = self.take()
        try:
            found = act(connection)
        except BaseException:
            connection.close()
            raise
        self.give_back(connection)
        return found

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            self._free.pop().close()


READERS: Slot[Readers] = Slot("readers", Readers)


def init_app(app: Flask) -> None:
    """Close an application's readers when it ends, and when its engine disposes of its own."""
    PARTS.of(app).at_end(lambda: READERS.of(app).close())
    with app.app_context():
        event.listen(db.engine, "engine_disposed", lambda _: READERS.of(app).close())


def session_connection() -> Connection | None:
    """Return the connection of the session, if it has begun a transaction.

    A thread that has one reads on it: waiting for a second while others wait for the first could
    block.
    """
    try:
        has_begun = db.session.registry.has() and db.session().in_transaction()
    except RuntimeError:  # outside of an application's context there is no session
        return None
    return db.session.connection() if has_begun else None


class Compiled:
    """A statement; its rows are named tuples, of `row` if that is given."""

    def __init__(
        self,
        statement: Executable,
        row: type[tuple[Any, ...]] | None = None,
        columns: Sequence[str] | None = None,
    ) -> None:
        """Keep a statement; `columns` are those that an INSERT names, unless it names all."""
        self._statement, self._row, self._columns = statement, row, columns
        self._text: _Text | None = None

    def all(self, values: Values) -> list[Any]:
        """Read all rows."""
        return self.read(values, list)

    def one(self, values: Values) -> Any:
        """Read the first row; None if there is none."""
        return self.read(values, _first)

    def read(self, values: Values, take: Callable[[Iterator[Any]], T]) -> T:
        """Read the rows that `take` wants, and return what it makes of them.

        The query sees what the open session has written: once that has begun, its connection reads.
        """
        own = session_connection()
        if own is not None:
            return self._executed(own, values, take)
        return READERS.here().use(lambda lent: self._executed(lent, values, take))

    def run(self, connection: Connection, values: Values) -> list[Any]:
        """Run it in an open transaction; returns the rows, if it has any.

        A write takes the writer's lock first, as everything that runs on this connection does.
        """
        return self._executed(connection, values, list)

    def run_many(self, connection: Connection, values: Iterable[Values]) -> None:
        """Run it in an open transaction once for each of some values.

        Raises TypeError for a statement that returns rows: Python 3.13's SQLite driver fails on it.
        """
        text = self._for(connection.dialect)
        if text.made:
            raise TypeError("A statement that returns rows is run once.")
        rows = [text.parameters(one) for one in values]
        # PostgreSQL's driver prepares for many, which a single one does not need.
        many = len(rows) != 1
        text.execute(connection, rows if many else rows[0], many=many).close()

    def _executed(
        self, connection: Connection, values: Values, take: Callable[[Iterator[Any]], T]
    ) -> T:
        text = self._for(connection.dialect)
        cursor = text.execute(connection, text.parameters(values))
        try:
            return take(map(text.made, cursor) if text.made else iter(()))
        except connection.dialect.loaded_dbapi.Error as error:
            # Rows are fetched as they are read, so the driver may fail here, after the execution.
            raise text.error(error) from error
        finally:
            cursor.close()

    def _for(self, dialect: Dialect) -> _Text:
        # Two threads may compile it at once; both make the same, and the last one stays.
        text = self._text
        # Two applications of one process may speak to different databases.
        if text is None or text.dialect is not dialect:
            text = self._text = _Text(dialect, self._statement, self._row, self._columns)
        return text


def _first(rows: Iterator[Any]) -> Any:
    return next(rows, None)


class _Text:
    """A statement as one database's driver takes it."""

    def __init__(
        self,
        dialect: Dialect,
        statement: Any,
        row: type[tuple[Any, ...]] | None,
        columns: Sequence[str] | None,
    ) -> None:
        made: Any = statement.compile(dialect=dialect, column_keys=columns)
        if any(one.expanding or one.literal_execute for one in made.bind_names):
            raise TypeError("A statement with a list in it differs each time.")
        self.dialect, self.made = dialect, _maker(statement, dialect, row)
        self._compiled, self._text, self._places = made, str(made), made.positiontup
        binds = {name: one for one, name in made.bind_names.items()}
        kinds = {name: one.type.dialect_impl(dialect) for name, one in binds.items()}
        writers = {name: kind.bind_processor(dialect) for name, kind in kinds.items()}
        self._writers = {name: write for name, write in writers.items() if write}
        # What the statement itself compares with (`status = 'queued'`) is a parameter, too.
        self._fixed = {name: made.params[name] for name, one in binds.items() if not one.required}

    def parameters(self, values: Values) -> Any:
        """Return the values as the driver takes them; raises KeyError for one that is missing."""
        given = {**self._fixed, **values}
        for name, write in self._writers.items():
            given[name] = write(given[name])
        return given if self._places is None else tuple(map(given.__getitem__, self._places))

    def execute(self, connection: Connection, parameters: Any, *, many: bool = False) -> Any:
        """Run it, and return the driver's cursor; the engine's listeners are told."""
        cursor = connection.connection.cursor()
        for tell in connection.dispatch.before_cursor_execute:
            tell(connection, cursor, self._text, parameters, self._compiled, many)
        try:
            (cursor.executemany if many else cursor.execute)(self._text, parameters)
        except self.dialect.loaded_dbapi.Error as error:
            cursor.close()
            raise self.error(error) from error
        return cursor  # not each driver's methods return it

    def error(self, error: Any) -> DBAPIError:
        """Return a driver's error as SQLAlchemy raises it."""
        base = self.dialect.loaded_dbapi.Error
        said: Any = DBAPIError.instance(self._text, None, error, base, hide_parameters=True)
        return cast(DBAPIError, said)


def _row_of(names: list[str]) -> Any:
    plain: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    # As SQLAlchemy's rows have it.
    return type("Row", (plain,), {"__slots__": (), "_mapping": property(plain._asdict)})


def _maker(
    statement: Any, dialect: Dialect, row: type[tuple[Any, ...]] | None
) -> Callable[[Any], Any] | None:
    """Return what makes a row of what the driver fetched; None: the statement has no rows."""
    columns = list(statement.exported_columns)
    if not columns:
        return None
    names = [one.name for one in columns]
    # `tuple.__new__` takes the values as they are; a named tuple's takes each as an argument.
    new = partial(tuple.__new__, row or _row_of(names))
    kinds = [one.type.dialect_impl(dialect) for one in columns]
    readers = [kind.result_processor(dialect, None) for kind in kinds]
    converted = [(at, read) for at, read in enumerate(readers) if read]

    def make(fetched: Sequence[Any]) -> Any:
        values = list(fetched)
        for at, read in converted:
            values[at] = read(values[at])
        return new(values)

    return make if converted else new
