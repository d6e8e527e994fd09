"""The base of all models, UTC times and version numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    TextClause,
    TypeDecorator,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    declared_attr,
    mapped_column,
    registry,
)


def utcnow() -> datetime:
    """Return the current time in UTC, zone-aware."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, stored as UTC and read back zone-aware on every database."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return the type of the values, which cursors are checked against."""
        return datetime

    def bind_processor(self, dialect: Dialect) -> Any:
        """Return what stores a time: SQLite has text, which SQLAlchemy would write in Python."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC without a zone."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value else None


def _as_text(value: datetime | None) -> str | None:
    """Return a time as SQLAlchemy stores it in SQLite: UTC, to the microsecond, without a zone."""
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:-6] if value else None


#: SQLite makes a row id only from a column that says INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """The base of all tables."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={datetime: UtcDateTime, int: Id, dict[str, Any]: JSON},
    )


#: The key under which an index notes its condition for PostgreSQL.
_WHERE_THERE = "postgresql_where"


def partial_index(
    name: str,
    *columns: str,
    where: TextClause,
    where_there: TextClause | None = None,
    unique: bool = False,
) -> Index:
    """Return an index of the rows that are `where`; for PostgreSQL written as `where_there`.

    An option with that database's name would make SQLAlchemy load all that it knows about it, and
    note its other options with each index: some megabytes, for servers that use SQLite.
    """
    info = {_WHERE_THERE: where if where_there is None else where_there}
    return Index(name, *columns, unique=unique, info=info, sqlite_where=where)


def tell_postgresql(metadata: MetaData) -> None:
    """Give partial indexes their conditions for PostgreSQL, where migrations are drafted."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if _WHERE_THERE in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_WHERE_THERE]


def entity_tag(kind: str, *shown: object) -> str:
    """Return the text of an entity tag that nothing else ever has (RFC 9110 §8.8.1).

    `shown` is what determines the representation: which resource it is, since when it exists under
    that name, its version, and whatever else it shows that belongs to others or that the version
    does not count. The same tag then means the same representation, across all resources.
    """
    return blake2b(repr((kind, *shown)).encode(), digest_size=12).hexdigest()


def version_tag(
    model: type[Any],
    key: Sequence[Any],
    times: tuple[datetime, datetime],
    version: int,
    besides: Sequence[object],
) -> str:
    """Return the tag of a versioned row, which was read as an object or as columns.

    `times` are when it was made and last changed, `besides` what is shown but not counted.
    """
    return entity_tag(model.__name__, tuple(key), times, version, *besides)


class Timestamped:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class Versioned(Timestamped):
    """A number that grows with each change, from which the resource's ETag is made.

    The times distinguish it from what had the same key and number before: a member who is added
    again, or a database that was restored from a backup.
    """

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        """Let the mapper increment the number, and refuse a write to a row changed meanwhile."""
        return {"version_id_col": cls.version}

    @property
    def etag(self) -> str:
        """The entity tag's text (RFC 9110 §8.8.3)."""
        key = self.__mapper__.primary_key_from_instance(self)  # type: ignore[attr-defined]
        times = self.created_at, self.updated_at
        return version_tag(type(self), key, times, self.version, self.shown_besides())

    def shown_besides(self) -> tuple[object, ...]:
        """Return what is shown but not counted by the version: the reader's, or from other rows."""
        return ()
