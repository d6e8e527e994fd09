"""Rows of a model that are inserted by a statement compiled once, bypassing the session.

A session takes ten times as long to insert an object as the database needs for the row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import class_mapper

from ...extensions import db
from ..compiled import Compiled
from ..models import Model

M = TypeVar("M", bound=Model)


class Rows(Generic[M]):
    """Inserts rows of a model into the open transaction, with the model's defaults."""

    def __init__(self, model: type[M], *, without: Collection[str] = ()) -> None:
        """Prepare it; the columns `without` are the database's own to fill."""
        table = cast(Table, model.__table__)
        self._model = model
        self._key = table.autoincrement_column
        left_out = {*without, self._key.key if self._key is not None else ""}
        given = [one for one in table.columns if one.key not in left_out and one.computed is None]
        self._names = {one.key for one in given}
        statement: Any = insert(table)
        if self._key is not None:
            statement = statement.returning(self._key)
        self._insert = Compiled(statement, columns=[one.key for one in given])
        defaults: dict[str, Any] = {one.key: one.default for one in given}
        made = {
            key: one.arg for key, one in defaults.items() if one is not None and one.is_callable
        }
        self._made: dict[str, Callable[[None], Any]] = made
        self._fixed = {
            key: one.arg if one is not None and one.is_scalar else None
            for key, one in defaults.items()
            if key not in made
        }

    @cached_property
    def _new(self) -> Callable[[], M]:
        # Not before it is used: a mapper is complete once all models are there.
        made: Callable[[], M] = class_mapper(self._model).class_manager.new_instance
        return made

    def add(self, **values: Any) -> M:
        """Insert a row; returns a picture of it, which no session watches.

        Raises TypeError for what is not a column, and IntegrityError.
        """
        row = self._row(values)
        found = self._insert.run(db.session.connection(), row)
        if self._key is not None:
            row[self._key.key] = found[0][0]
        # Never added to the session, which would insert it a second time. Its constructor would
        # note each value as a change, for nobody.
        picture = self._new()
        vars(picture).update(row)
        return picture

    def insert(self, **values: Any) -> None:
        """Insert a row of which nobody needs a picture; raises as `add` does."""
        self._insert.run(db.session.connection(), self._row(values))

    def _row(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values.keys() <= self._names:
            raise TypeError(f"no columns to fill: {', '.join(values.keys() - self._names)}")
        made = {key: make(None) for key, make in self._made.items()}
        return {**self._fixed, **made, **values}
