"""SQL functions whose names differ between databases, and what each expresses in its own way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Insert, Integer, Select, String, Table, bindparam, cast, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from ..models import Id
from .postgresql_words import FOLDED_SUFFIX


class instr(GenericFunction[int]):
    """Where a text begins within another one, counted from 1; 0: nowhere."""

    inherit_cache = True
    type = Integer()


class folded(GenericFunction[str]):
    """A column's text as it is searched for (`words/folding.py`)."""

    inherit_cache = True
    type = String()


class json_each(GenericFunction[Any]):
    """The elements of a JSON array, as rows with a `value`; a text on some databases."""

    inherit_cache = True


def numbers(name: str) -> Select[int]:
    """Return the query for the numbers of a list that is given as JSON.

    A statement that contains a list varies with its length; with this one it is compiled once.
    """
    found = json_each(bindparam(name, type_=String())).table_valued("value")
    return select(cast(found.c.value, Id))


class _InsertNew(Insert):
    inherit_cache = True


def insert_new(table: Table) -> Insert:
    """Return the statement that inserts a row, unless there is one with its key."""
    return _InsertNew(table)


@compiles(_InsertNew)
def _insert_new(element: Insert, compiler: Any, **options: Any) -> str:
    # SQLite and PostgreSQL both know it, but SQLAlchemy has it only for each separately.
    return f"{compiler.visit_insert(element, **options)} ON CONFLICT DO NOTHING"


@compiles(json_each, "postgresql")
def _elements(element: json_each, compiler: Any, **options: Any) -> str:
    keys = compiler.process(element.clauses, **options)
    return f"json_array_elements_text(CAST({keys} AS json))"


@compiles(instr, "postgresql")
def _strpos(element: instr, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(folded, "postgresql")
def _kept(element: folded, compiler: Any, **options: Any) -> str:
    # It is kept in a column beside the one of the text.
    (column,) = element.clauses
    return str(compiler.process(column, **options)) + FOLDED_SUFFIX
