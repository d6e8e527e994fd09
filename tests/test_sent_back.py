"""PUT and PATCH take back what GET gave, on every route that has both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.core.http.representations.sent_back import same

from .support.each import each
from .support.jobs import Desk
from .support.people import Person, ok
from .support.problems import problem
from .test_role_matrix import (
    PEOPLE,
    ROUTE_ROWS,
    Cell,
    Made,
    beginning,  # noqa: F401 (a fixture, like the next)
    begun,  # noqa: F401
)

#: What a change moves by itself.
MOVED = {"updated_at", "changed_at", "version"}
#: What is sent of a flag overrides the setting, even by the same value.
OVERRIDES = {"overridden", "changed_by"}
#: Contents of files are bytes, and changes of a text are none of its representation.
OTHER_BODIES = "/content"


def both(row: str) -> bool:
    method, address = row.split()[:2]
    plain = row == f"{method} {address}"
    return plain and method in ("PUT", "PATCH") and f"GET {address}" in {*ROUTE_ROWS}


ROWS = [row for row in ROUTE_ROWS if both(row) and OTHER_BODIES not in row]


@pytest.fixture
def cell(
    alice: Person,
    bob: Person,
    vera: Person,
    charlie: Person,
    ada: Person,
    desk: Desk,
    begun: tuple[Path, list[dict[str, Any]]],  # noqa: F811
) -> Callable[[str], tuple[Person, str]]:
    """Return a maker of what a row names: who may change it, and its address."""
    people = {one.name: one for one in (alice, bob, vera, charlie, ada)}

    def make(row: str) -> tuple[Person, str]:
        read = ROUTE_ROWS[f"GET {row.split()[1]}"]
        may = [name for name in PEOPLE[1:] if ROUTE_ROWS[row][name] == read[name] == "200"]
        who = people[may[-1]]
        one = Cell(people, who, row, desk, Made(begun[1]))
        return who, "/" + one.filled(row.split()[1])

    return make


@each(ROWS)
def test_what_get_gave_is_taken_back(row: str, *, cell: Any) -> None:
    who, address = cell(row)
    given = ok(who.get(address))
    taken = ok(who.request(row.split()[0], address, json=given))
    unlike = {name for name in given if not same(given[name], ok(who.get(address))[name])}
    assert unlike <= (MOVED | OVERRIDES if "flags" in row else MOVED)
    assert taken.keys() >= given.keys() - MOVED


#: What no request changes, wherever it is shown.
FIXED = ("id", "created_at", "updated_at")


@each(ROWS)
def test_what_nobody_changes_is_named(row: str, *, cell: Any) -> None:
    who, address = cell(row)
    given = ok(who.get(address))
    for name in set(FIXED) & given.keys():
        body = given | {name: "another"}
        answer = problem(who.request(row.split()[0], address, json=body), 422)
        assert [one["pointer"] for one in answer["errors"]] == [f"#/{name}"]
        assert "GET" in answer["errors"][0]["detail"]


def test_a_lost_update_is_412_as_ever(alice: Person, project: int) -> None:
    read = alice.get(f"/projects/{project}")
    ok(alice.patch(f"/projects/{project}", {"name": "Meanwhile"}))
    headers = {"If-Match": read.headers["ETag"]}
    problem(alice.put(f"/projects/{project}", ok(read), headers=headers), 412)
    now = alice.get(f"/projects/{project}")
    headers = {"If-Match": now.headers["ETag"]}
    ok(alice.put(f"/projects/{project}", ok(now) | {"name": "Mine"}, headers=headers))
    assert ok(alice.get(f"/projects/{project}"))["name"] == "Mine"


def test_what_get_does_not_show_is_unknown_as_ever(alice: Person, project: int) -> None:
    given = ok(alice.get(f"/projects/{project}"))
    answer = problem(alice.put(f"/projects/{project}", given | {"descriptoin": "x"}), 422)
    assert "did you mean `description`" in answer["errors"][0]["detail"]


def test_what_may_not_be_read_is_not_told_by_sending_it_back(
    charlie: Person, vera: Person, project: int
) -> None:
    body = {"name": "x", "id": 1, "created_at": "x"}
    problem(charlie.put(f"/projects/{project}", body), 404)
    assert charlie.put("/projects/999", body).status_code == 404


@each(
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ([1, {"a": [2]}], [1.0, {"a": [2]}], True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 1], False),
        ("1", 1, False),
    ]
)
def test_values_are_compared_as_json_has_them(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
