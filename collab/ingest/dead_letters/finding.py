"""Finding dead letters: newest first for people, oldest first to replay them."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

from ...frozen import frozen
from ..pipeline.engines.face import Store
from ..pipeline.store import OPEN
from .letter import LETTER_STATES, LISTED_COLUMNS, Letter, Listed, letter_of

#: Letters that one request examines, if a filter lets few of them pass.
MAX_LETTERS_EXAMINED = 20_000
#: How far the order of times may differ from the order of ids: clocks may be set back a little.
CLOCK_SKEW_MS = 300_000
MAX_KEY = 2**63 - 1
#: Projects that one page of those with open letters examines, and letters counted in each.
MAX_PROJECTS_EXAMINED = 1000
MAX_LETTERS_COUNTED = 10_000


@frozen(kw_only=True)
class Wanted:
    """Which letters of a project; None lets everything pass. Times are those of the rejection."""

    project: int
    state: str | None = None
    stage: str | None = None
    #: A part of the reason, ignoring case.
    reason: str | None = None
    type: str | None = None
    source: int | None = None
    since: int | None = None
    until: int | None = None

    def matches(self, row: Row) -> bool:
        """Return whether a row passes."""
        _, project, stage, reason, kind, rejected = row
        return (
            project == self.project
            and (self.stage is None or stage == self.stage)
            and (self.type is None or kind == self.type)
            and (self.reason is None or self.reason.casefold() in reason.casefold())
            and (self.since is None or rejected >= self.since)
            and (self.until is None or rejected < self.until)
        )


#: id, project, stage, reason, type, time of the rejection.
Row = tuple[int, int, str, str, str | None, int]


@frozen
class Ids:
    """The ids found, and the one after which there may be more."""

    ids: list[int]
    next: int | None


def find(
    connection: Store,
    wanted: Wanted,
    limit: int,
    after: int | None = None,
    *,
    oldest_first: bool = False,
) -> Ids:
    """Return up to `limit` ids after one; fewer if too many were examined without a match."""
    ids: list[int] = []
    reached = None
    for seen, row in enumerate(_rows(connection, wanted, after, oldest_first), 1):
        if wanted.matches(row):
            if len(ids) == limit:
                return Ids(ids, reached)
            ids.append(row[0])
        reached = row[0]
        if seen >= MAX_LETTERS_EXAMINED:
            return Ids(ids, reached)
    return Ids(ids, None)


def _rows(
    connection: Store, wanted: Wanted, after: int | None, oldest_first: bool
) -> Iterator[Row]:
    """Yield letters in the order of their ids, from one range of an index for each state."""
    low, high = _bounds(connection, wanted)
    if after is not None:
        low, high = (max(low, after), high) if oldest_first else (low, min(high, after))
    column = "project" if wanted.source is None else "source"
    key = wanted.project if wanted.source is None else wanted.source
    states = LETTER_STATES if wanted.state is None else (wanted.state,)
    order = "ASC" if oldest_first else "DESC"
    found = [
        connection.stream(
            "SELECT id, project, stage, reason, type, rejected_at FROM dead_letters"
            f" WHERE {column} = ? AND state = ? AND id > ? AND id < ? ORDER BY id {order}",
            (key, state, low, high),
        )
        for state in states
    ]
    # Each state has its own range of the index: merged, so that a page reads no more than it shows.
    yield from heapq.merge(*found, key=lambda row: row[0], reverse=not oldest_first)


def _bounds(connection: Store, wanted: Wanted) -> tuple[int, int]:
    """Return the ids between which all letters rejected in a period are."""
    low, high = 0, MAX_KEY
    if wanted.since is not None:
        low = first_since(connection, wanted.since - CLOCK_SKEW_MS) - 1
    if wanted.until is not None:
        high = first_since(connection, wanted.until + CLOCK_SKEW_MS)
    return low, high


def first_since(connection: Store, ms: int) -> int:
    """Return the id of the first letter since a time, by bisection: ids grow with time."""
    low = 1
    high = (connection.execute("SELECT max(id) FROM dead_letters").fetchone()[0] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT id, rejected_at FROM dead_letters WHERE id >= ? ORDER BY id LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[1] >= ms:
            high = middle
        else:
            low = row[0] + 1
    return low


def listed(connection: Store, ids: list[int]) -> list[Listed]:
    """Return letters as lists show them, in the order of the given ids."""
    rows = (
        connection.execute(
            f"SELECT {LISTED_COLUMNS} FROM dead_letters WHERE id = ?", (key,)
        ).fetchone()
        for key in ids
    )
    return [Listed.of(row) for row in rows if row is not None]


def load(connection: Store, key: int) -> Letter | None:
    """Return a letter with what was sent, or None."""
    row: tuple[Any, ...] | None = connection.execute(
        f"SELECT {LISTED_COLUMNS}, payload, context, correction FROM dead_letters WHERE id = ?",
        (key,),
    ).fetchone()
    return None if row is None else letter_of(row[:-3], *row[-3:])


def strangers(connection: Store, project: int, ids: Sequence[int]) -> list[int]:
    """Return the positions of ids that are not of a letter of a project."""
    query = "SELECT 1 FROM dead_letters WHERE id = ? AND project = ?"
    return [
        place
        for place, key in enumerate(ids)
        if connection.execute(query, (key, project)).fetchone() is None
    ]


@frozen
class OpenLetters:
    """How many letters of a project are open, and when the oldest of them was rejected."""

    project: int
    count: int
    oldest_ms: int


def open_by_project(
    connection: Store, limit: int, after: int
) -> tuple[list[OpenLetters], int | None]:
    """Return projects with open letters, by id, and the id after which there may be more.

    Each project takes one look into the index; many without open letters end a page early.
    """
    found: list[OpenLetters] = []
    for _ in range(MAX_PROJECTS_EXAMINED):
        query = "SELECT min(project) FROM dead_letters WHERE project > ?"
        (project,) = connection.execute(query, (after,)).fetchone()
        if project is None:
            return found, None
        if len(found) == limit:
            return found, after
        after = project
        count, first = connection.execute(
            "SELECT count(*), min(id) FROM (SELECT id FROM dead_letters"
            " WHERE project = ? AND state = ? ORDER BY id LIMIT ?) AS some",
            (project, OPEN, MAX_LETTERS_COUNTED),
        ).fetchone()
        if count:
            oldest = "SELECT rejected_at FROM dead_letters WHERE id = ?"
            (rejected,) = connection.execute(oldest, (first,)).fetchone()
            found.append(OpenLetters(project, count, rejected))
    return found, after


def count_open(connection: Store) -> int:
    """Return how many letters are open, at most `MAX_LETTERS_COUNTED`."""
    total, after = 0, 0
    while total < MAX_LETTERS_COUNTED:
        found, following = open_by_project(connection, 100, after)
        total += sum(one.count for one in found)
        if following is None:
            break
        after = following
    return min(total, MAX_LETTERS_COUNTED)
