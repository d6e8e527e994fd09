"""Names stand as people sort them."""

from __future__ import annotations

import random

import pytest

from collab.core.words.sorting import sort_key

from ...support.people import Person, ok

SORTED = [
    "“Quoted”",
    "3 things",
    "12 things",
    "apple",
    "Apple",
    "banana",
    "eclair",
    "éclair",
    "Éclair",
    "P",
    "Plan 9",
    "plan 10",
    "Straße",
    "Strasse 2",
    "Zebra",
    "αβγ",
    "Ёлка",
    "жук",
]


def test_names_are_sorted_as_people_sort_them() -> None:
    mixed = random.Random(5).sample(SORTED, len(SORTED))
    assert sorted(mixed, key=sort_key) == SORTED


@pytest.mark.parametrize("path", ["/projects", "/collections"])
def test_lists_sort_so_page_by_page(alice: Person, path: str) -> None:
    for name in ("P", "Zebra", "apple", "banana", "Éclair"):
        ok(alice.post(path, {"name": name}))
    wanted = ["apple", "banana", "Éclair", "P", "Zebra"]
    for sort, names in (("name", wanted), ("-name", wanted[::-1])):
        found = list(pages(alice, path, sort))
        assert found == names


def pages(person: Person, path: str, sort: str) -> list[str]:
    found: list[str] = []
    params: dict[str, str | int] = {"sort": sort, "limit": 2}
    while True:
        page = ok(person.get(path, params=params))
        found += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


def test_a_changed_name_moves(alice: Person) -> None:
    first, _ = (alice.makes_project(name) for name in ("Apple", "Banana"))
    ok(alice.patch(f"/projects/{first}", {"name": "Cherry"}))
    assert pages(alice, "/projects", "name") == ["Banana", "Cherry"]
