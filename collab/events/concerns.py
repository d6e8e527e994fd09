"""Whom events concern: each package says so for its own, and people are notified accordingly.

Nobody is notified of their own act, nobody twice of one event (what counts is the first rule that
names them and whose kind they have not muted), and nobody of what they may not read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask
from sqlalchemy import ColumnElement, select

from ..core.slots import Registry
from ..extensions import db
from ..frozen import frozen

#: Names the people whom an event concerns, from the event and what its family has looked up.
People = Callable[[Any, Any], Iterable[int | None]]


@frozen
class Rule:
    """Whom an event concerns, and the kind of notification that they get."""

    kind: str
    people: People


class Family(ABC):
    """One family of events: whom they concern, what they are about, and what is said about them.

    It is about one kind of thing, its subject, whose id is a notification's `<subject>_id`. It has
    no state: what is looked up for some events is passed from method to method.
    """

    #: The first word of its events' types.
    word: ClassVar[str]
    subject: ClassVar[str]
    #: Type -> who is notified.
    rules: ClassVar[Mapping[str, tuple[Rule, ...]]]
    #: Kind -> what it says, by a row with `shown` and the name of who did it.
    sentences: ClassVar[Mapping[str, Callable[[Any], str]]]

    @property
    @abstractmethod
    def shown(self) -> Any:
        """Return the column of the subject's model that sentences name, as `<subject>_<column>`."""

    @abstractmethod
    def look_up(self, rows: Sequence[Any]) -> Any:
        """Look up what some events are about, all at once, as it is at this moment."""

    @abstractmethod
    def about(self, row: Any, facts: Any) -> dict[str, int | None] | None:
        """Return what an event is about, as a notification's columns; None: it is gone."""

    def actor(self, row: Any, facts: Any) -> int | None:
        """Return who did it, if it was a person."""
        did: int | None = row.actor
        return did

    def data(self, row: Any) -> dict[str, Any]:
        """Return the facts of an event that are not in what it is about."""
        return {}

    def may_read(self, key: int, user_id: int, facts: Any) -> bool:
        """Return whether somebody may read a subject that is in no project."""
        return False

    def hides(self, key: Any, user_id: Any) -> ColumnElement[bool] | None:
        """Return the condition that hides a subject, still there, from somebody; None: never.

        Whether they are in its project is not checked here.
        """
        return None


#: The families that an application's packages have registered, by their first word.
FAMILIES: Registry[dict[str, Family]] = Registry("families of events", lambda _: {})


def register(app: Flask, family: Family) -> None:
    """Let people be notified of a family's events."""
    FAMILIES.of(app)[family.word] = family


def member(name: str) -> People:
    """Name the person whose id is this member of the event's data."""
    return lambda row, _: (row.data[name],)


def mentioned(row: Any, facts: Any) -> Iterable[int]:
    """Name the people whose @name is in a text."""
    found: list[int] = row.data.get("mentioned", [])
    return found


def keys(rows: Iterable[Any], name: str) -> set[int]:
    """Return the ids that events have in a member of their data."""
    return {row.data[name] for row in rows if name in row.data}


def by_id(columns: tuple[Any, ...], wanted: Collection[int]) -> dict[int, Any]:
    """Return rows of some columns, the first of which is the id, by their id."""
    if not wanted:
        return {}
    query = select(*columns).where(columns[0].in_(wanted))
    return {row.id: row for row in db.session.execute(query)}


def who(row: Any) -> str:
    """Return the name of who did what a notification says."""
    return row.actor_name or "Somebody"
