"""Lists come in pages; whoever follows the cursors sees every item once, whatever else happens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.auth.models import USER_SORTS
from collab.core.lists.paging import Column
from collab.projects.models import INVITATION_SORTS, MEMBER_SORTS, PROJECT_SORTS
from collab.workspaces.models import WORKSPACE_SORTS

from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from ..support.problems import pointers

Item = dict[str, Any]


def walk(person: Person, path: str, **query: Any) -> Iterator[list[Item]]:
    """Yield a list's pages, following the cursors."""
    while True:
        page = ok(person.get(path, params=query))
        yield page["items"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def whole(person: Person, path: str, **query: Any) -> list[Item]:
    return [item for page in walk(person, path, **query) for item in page]


# -- every list -----------------------------------------------------------------------------------

#: Path, columns to sort by, and the name of what is unique.
LISTS: dict[str, tuple[dict[str, Column], str]] = {
    "/projects": (PROJECT_SORTS, "id"),
    "/workspaces": (WORKSPACE_SORTS, "id"),
    "/projects/1/workspaces": (WORKSPACE_SORTS, "id"),
    "/projects/1/members": (MEMBER_SORTS, "user_id"),
    "/projects/1/invitations": (INVITATION_SORTS, "id"),
    "/users": (USER_SORTS, "id"),
}
SORTED = [(path, sort) for path, (columns, _) in LISTS.items() for sort in columns]


@pytest.fixture(scope="module")
def full(one_for_all: httpx.Client, template: tuple[Path, dict[str, Person]]) -> Person:
    """Return ada, who can see some of everything; names come twice. Nobody changes it."""
    people = {name: person.at(one_for_all) for name, person in template[1].items()}
    ada, alice, bob, charlie, vera = people.values()
    project = ada.makes_project("b")
    for name in ("c", "a", "b", "a"):
        ada.makes_project(name)
        ada.makes_workspace(project, name)
    for person in (vera, alice, charlie, bob):
        ada.invites(project, person.email)
        ada.invites(project, f"new-{person.email}")
    return ada


@pytest.mark.parametrize(("path", "sort"), SORTED)
def test_a_list_is_sorted(full: Person, path: str, sort: str) -> None:
    items, key = whole(full, path, limit=100, sort=sort), LISTS[path][1]
    places = [(one[sort], one[key]) for one in items]
    assert (len(places) >= 4, places) == (True, sorted(places))


@pytest.mark.parametrize(("path", "sort"), SORTED)
def test_a_list_can_be_turned_round(full: Person, path: str, sort: str) -> None:
    forward = whole(full, path, limit=100, sort=sort)
    assert whole(full, path, limit=100, sort=f"-{sort}") == forward[::-1]


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("path", "sort"), SORTED)
def test_small_pages_together_are_the_whole_list(
    full: Person, path: str, sort: str, sign: str
) -> None:
    wanted = whole(full, path, limit=100, sort=sign + sort)
    assert whole(full, path, limit=2, sort=sign + sort) == wanted


# -- while others write ---------------------------------------------------------------------------


@made_once
def twelve(alice: Person) -> list[int]:
    """Return the ids of projects, of which some have the same name."""
    chance = random.Random(1)
    return [alice.makes_project(chance.choice("abc")) for _ in range(12)]


@pytest.mark.parametrize("sort", [sign + name for name in PROJECT_SORTS for sign in ("", "-")])
def test_no_item_is_lost_or_shown_twice_while_others_come_and_go(
    alice: Person, twelve: list[int], sort: str
) -> None:
    chance = random.Random(sort)
    chance.shuffle(twelve)
    staying, passing = twelve[:7], twelve[7:]
    seen: list[int] = []
    for page in walk(alice, "/projects", sort=sort, limit=chance.randint(1, 3)):
        seen += [one["id"] for one in page]
        for _ in range(2 if len(seen) < 12 else 0):  # new ones must not come for ever
            passing.append(alice.makes_project(chance.choice("abc")))
            alice.delete(f"/projects/{passing.pop(chance.randrange(len(passing)))}")
    assert len(seen) == len(set(seen))
    assert set(staying) <= set(seen)


def test_the_page_after_an_item_that_was_deleted_begins_after_its_place(alice: Person) -> None:
    ids = [alice.makes_project() for _ in range(4)]
    pages = walk(alice, "/projects", limit=2)
    next(pages)
    alice.delete(f"/projects/{ids[1]}")
    assert [one["id"] for one in next(pages)] == ids[2:]


# -- the ends -------------------------------------------------------------------------------------


@made_once
def ids(alice: Person) -> list[int]:
    """Return the ids of four projects of alice."""
    return [alice.makes_project(f"p{number}") for number in range(4)]


def test_an_empty_list_has_one_empty_page(charlie: Person) -> None:
    assert ok(charlie.get("/projects")) == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, [1, 1, 1, 1]), (2, [2, 2]), (3, [3, 1]), (4, [4])]
)
def test_the_last_page_has_no_cursor(
    alice: Person, ids: list[int], limit: int, sizes: list[int]
) -> None:
    assert [len(page) for page in walk(alice, "/projects", limit=limit)] == sizes


def test_a_page_has_20_items_unless_told_otherwise(alice: Person, project: int) -> None:
    for number in range(21):
        alice.makes_workspace(project, f"w{number}")
    assert [len(page) for page in walk(alice, "/workspaces")] == [20, 1]


def test_a_page_has_at_most_100_items(alice: Person) -> None:
    assert pointers(alice.get("/projects?limit=101")) == ["#/query/limit"]


# -- Link -----------------------------------------------------------------------------------------


def follow_links(person: Person, url: str) -> Iterator[httpx.Response]:
    while True:
        response = person.get(url)
        yield response
        if "next" not in response.links:
            return
        url = response.links["next"]["url"]


def test_links_lead_through_the_list(alice: Person, ids: list[int]) -> None:
    pages = follow_links(alice, "/projects?limit=3")
    assert [one["id"] for page in pages for one in ok(page)["items"]] == ids


def test_links_keep_what_was_asked_for(alice: Person, ids: list[int]) -> None:
    alice.makes_project("other")
    pages = follow_links(alice, "/projects?limit=1&sort=-name&q=p")
    assert [one["id"] for page in pages for one in ok(page)["items"]] == ids[::-1]


def test_a_link_says_what_it_is(alice: Person, ids: list[int]) -> None:
    link = alice.get("/projects?limit=3").headers["Link"]
    assert link.startswith("</api/v1/projects?")
    assert link.endswith('>; rel="next"')


def test_the_last_page_has_no_link(alice: Person, ids: list[int]) -> None:
    assert "Link" not in alice.get("/projects").headers


# -- cursors ---------------------------------------------------------------------------------------


def test_another_persons_cursor_shows_nothing_of_theirs(
    alice: Person, charlie: Person, ids: list[int]
) -> None:
    mine = ok(alice.get("/projects?limit=1"))["next_cursor"]
    assert ok(charlie.get("/projects", params={"cursor": mine}))["items"] == []


@pytest.mark.parametrize("letter", ["n", "ж", "漢", "🎉", '"', "\\"])
def test_the_longest_names_make_good_cursors(alice: Person, letter: str) -> None:
    for _ in range(2):
        alice.makes_project(letter * 120)
    assert len(whole(alice, "/projects", limit=1, sort="name")) == 2


def test_the_longest_addresses_make_good_cursors(ada: Person, nobody: Person) -> None:
    for number in range(2):
        email = f"{number}".ljust(248, "🎉") + "@x.org"
        ok(nobody.post("/auth/register", {"email": email, "password": PASSWORD}))
    emails = [one["email"] for one in whole(ada, "/users", limit=1, sort="email")]
    assert all(one < other for one, other in pairwise(emails))
