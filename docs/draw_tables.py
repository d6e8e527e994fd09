"""Draw the tables as the models have them: `python docs/draw_tables.py` writes docs/tables.md.

The diagrams are Mermaid's, which GitHub shows. A test compares the page with what this draws.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from sqlalchemy import Column, ForeignKey, Table

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path(__file__).with_name("tables.md")

#: What columns hold, where the class has another name for it.
KINDS = {
    "biginteger": "integer",
    "largebinary": "bytes",
    "storedjson": "json",
    "utcdatetime": "time",
}

HEAD = """\
# The tables

Drawn from the models by `.venv/bin/python docs/draw_tables.py`; don't edit this page. A line goes
from a row to the rows that name it: `||` is exactly one, `|o` none or one, `o{` any number. PK is
the primary key, FK names a row of another table, UK is unique. Times are UTC.

How the log, the change and its counters are one transaction is told in
[How Collab is built](architecture.md).

## All of them

"""


def models() -> list[type]:
    """Return all models, by their tables' names."""
    from collab import create_app
    from collab.extensions import db

    with tempfile.TemporaryDirectory() as folder:
        create_app({"INSTANCE_PATH": folder})  # it imports every package's models
    found = {mapper.local_table.name: mapper.class_ for mapper in db.Model.registry.mappers}
    return [found[name] for name in sorted(found)]


def package(model: type) -> str:
    """Return the package of a model: `tasks`, `core`."""
    return model.__module__.split(".")[1]


def summary(model: type) -> str:
    """Return the first line of a model's docstring."""
    return (model.__doc__ or "").strip().split("\n")[0]


def draw(tables: list[Table], *, columns: bool) -> str:
    """Draw tables, with or without their columns, and the lines that end at them."""
    lines = ["```mermaid", "erDiagram"]
    for table in tables:
        if columns:
            lines += [
                f"  {table.name} {{",
                *(f"    {attribute(one)}" for one in table.columns),
                "  }",
            ]
        else:
            lines.append(f"  {table.name}")
    for table in tables:
        keys = sorted(table.foreign_keys, key=lambda one: one.parent.name)
        lines += [f"  {relation(one)}" for one in keys]
    return "\n".join([*lines, "```", ""])


def attribute(column: Column) -> str:
    """Write a column as Mermaid wants it: type, name, keys."""
    roles = {
        "PK": column.primary_key,
        "FK": bool(column.foreign_keys),
        "UK": is_unique(column),
    }
    keys = ", ".join(name for name, holds in roles.items() if holds)
    kind = type(column.type).__name__.lower()
    return f"{KINDS.get(kind, kind)} {column.name} {keys}".rstrip()


def is_unique(column: Column) -> bool:
    """Return whether a column's value alone stands in one row at most, beside a primary key."""
    alone = [index for index in column.table.indexes if index.unique and len(index.columns) == 1]
    return bool(column.unique) or any(column in index.columns.values() for index in alone)


def relation(key: ForeignKey) -> str:
    """Write the line from a row to those that name it."""
    column = key.parent
    alone = column.primary_key and len(column.table.primary_key) == 1
    one = "|o" if column.nullable else "||"
    many = "o|" if alone or is_unique(column) else "o{"
    return f"{key.column.table.name} {one}--{many} {column.table.name} : {column.name}"


def page() -> str:
    """Write the page."""
    every = models()
    by_package = defaultdict(list)
    for model in every:
        by_package[package(model)].append(model)
    parts = [HEAD, draw([model.__table__ for model in every], columns=False)]
    for name, own in sorted(by_package.items()):
        parts.append(f"\n## {name}\n\n")
        parts += [f"- `{model.__table__.name}`: {summary(model)}\n" for model in own]
        parts += ["\n", draw([model.__table__ for model in own], columns=True)]
    return "".join(parts)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page())
