"""The declarations: whose each row is, what happens to it when a person is erased, when it goes.

A package has them in its `personal.py`, and registers them in its `init_app`. A house test fails
for a table that nobody has declared, and for a column that may name a person and is neither in
`people` nor in `others`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path

from flask import Flask

from ...frozen import frozen
from ..slots import Contributions, Registry


class Then(StrEnum):
    """What happens to rows when the person is erased."""

    #: They are deleted, with everything that depends on them.
    DELETE = "deleted"
    #: The column becomes NULL: the row stays, and belongs to nobody.
    UNLINK = "unlinked"
    #: The id stays; its account no longer has a name or an address.
    STAYS = "stays"


@frozen
class Person:
    """A column that says whose a row is, or whom it is about."""

    column: str
    then: Then
    #: The condition in SQL for the person's rows: `:id` is their id, `:email` their address,
    #: `:name` their name. By default the column has the id. An erasure looks for each address that
    #: the person ever had.
    match: str = ""
    #: What these rows are called in the person's export; None: they are not in it.
    export: str | None = None
    #: Why rows stay, or are not exported, where no reader could guess it.
    why: str = ""

    @property
    def condition(self) -> str:
        """Return the condition in SQL."""
        return self.match or f"{self.column} = :id"


@frozen
class Days:
    """Rows are deleted when they are older than a setting says, by a chore."""

    setting: str
    chore: str


@frozen
class Span:
    """Rows are deleted after a fixed time, by a chore."""

    time: str
    chore: str


@frozen
class Stays:
    """Rows stay, for the reason given."""

    why: str


@frozen
class Kept:
    """A table: for how long its rows stay, and what they hold about people."""

    table: str
    goes: Days | Span | Stays
    people: tuple[Person, ...] = ()
    #: Columns that look as if they named a person, or hold JSON, each with the reason why they
    #: don't.
    others: Mapping[str, str] = field(default_factory=dict)
    #: Columns that no export shows: digests, sealed secrets, internal data of the service.
    unshown: tuple[str, ...] = ()


@frozen
class Subject:
    """A person as they are before they are erased."""

    id: int
    email: str
    name: str
    #: Addresses that they had before, and that belong to nobody else.
    former: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return all their addresses."""
        return (self.email, *self.former)


#: Does a part of an erasure beyond rows, each in transactions of its own; returns whether there is
#: more.
Erasing = Callable[[Subject], bool]
#: Yields files for an export: their names in it, and where they are.
Exporting = Callable[[Subject], Iterator[tuple[str, Path]]]

KEPT: Registry[dict[str, Kept]] = Registry("kept tables", lambda _: {})
ERASING: Contributions[Erasing] = Contributions("erasing")
EXPORTING: Contributions[Exporting] = Contributions("exporting")


def declare(app: Flask, *tables: Kept) -> None:
    """Declare what tables keep; raises ValueError for one that is declared already."""
    known = KEPT.of(app)
    for one in tables:
        if one.table in known:
            raise ValueError(f"{one.table} is declared twice")
        known[one.table] = one


def declare_more(app: Flask, table: str, *people: Person) -> None:
    """Add to the declaration of a lower package's table which other rows are about somebody."""
    known = KEPT.of(app)
    known[table] = replace(known[table], people=(*people, *known[table].people))


def on_erase(app: Flask, callback: Erasing) -> None:
    """Have something done before a person's rows are deleted: files, mails, data elsewhere."""
    ERASING.add(app, callback)


def on_export(app: Flask, callback: Exporting) -> None:
    """Have files added to the exports of people."""
    EXPORTING.add(app, callback)
