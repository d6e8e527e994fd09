"""Pages of results, and how many are ranked."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab.core import fulltext
from collab.projects.models import OWNER, Member, Project
from collab.search.queries import MAX_CANDIDATES, MAX_RANKED_WORDS
from collab.tasks.models import Task

from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import problem
from .rows import a_post, a_task, kept, kept_many


def test_pages_hold_every_result_once_in_order(app: Flask, alice: Person) -> None:
    kept(app, *(a_post(alice, "Zebra", body="savanna " * number) for number in range(25)))
    whole = [one["id"] for one in alice.finds("zebra", type="post")]
    assert len(whole) == 25
    assert paged(alice, "/search?q=zebra&type=post&limit=7") == whole


@made_once
def menagerie(app: Flask, alice: Person) -> None:
    """Make much of several kinds."""
    project = alice.makes_project("Zebra")
    rows = [a_task(alice, "Zebra", project, description="zebra " * n) for n in range(12)]
    kept(app, *rows, *(a_post(alice, "Zebra and lion", body="x " * n) for n in range(12)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.integers(1, 30))
def test_pages_of_any_size_are_cut_from_one_order(
    alice: Person, menagerie: None, limit: int
) -> None:
    found: list[tuple[str, int]] = []
    address = f"/search?q=zebra&limit={limit}"
    while address:
        page = alice.get(address)
        found += [(one["type"], one["id"]) for one in ok(page)["items"]]
        address = page.links.get("next", {}).get("url", "")
    assert found == [(one["type"], one["id"]) for one in alice.finds("zebra")]


def test_the_last_page_has_no_next(app: Flask, alice: Person) -> None:
    kept(app, *(a_post(alice, "Zebra") for _ in range(4)))
    assert ok(alice.get("/search?q=zebra&limit=4"))["next_cursor"] is None


def test_the_link_keeps_what_was_asked(app: Flask, alice: Person) -> None:
    kept(app, *(a_post(alice, "Zebra lion") for _ in range(3)))
    page = alice.get("/search", params={"q": 'zebra "lion"', "type": "post,task", "limit": 2})
    following = alice.get(page.links["next"]["url"])
    assert [one["type"] for one in ok(following)["items"]] == ["post"]


@pytest.mark.parametrize("cursor", ["x", "WyJpZCIsMSwxXQ", "WyJyZWxldmFuY2UiLC0xLDBd"])
def test_a_cursor_of_another_list_is_400(alice: Person, cursor: str) -> None:
    problem(alice.get("/search", params={"q": "zebra", "cursor": cursor}), 400)


def test_a_cursor_after_all_results_is_an_empty_page(alice: Person) -> None:
    alice.makes_project("Zebra")
    far = "WyJyZWxldmFuY2UiLDkyMjMzNzIwMzY4NTQ3NzU4MDcsMF0"  # 2^63-1
    answer = ok(alice.get("/search", params={"q": "zebra", "cursor": far}))
    assert answer == {"items": [], "next_cursor": None}


def test_of_each_kind_the_newest_thousand_are_ranked(app: Flask, alice: Person) -> None:
    project = alice.makes_project("Zebra project")
    old = a_task(alice, "Zebra zebra", project)
    kept(app, old)
    row = {"owner_id": alice.id, "project_id": project, "title": "Task", "position": "V"}
    kept_many(app, Task, *[row | {"description": "zebra"}] * MAX_CANDIDATES)
    kept(app, a_task(alice, "Zebra newest", project))
    found = alice.finds("zebra")
    assert {one["type"] for one in found} == {"project", "task"}
    assert [one["title"] for one in found if "Zebra" in one["title"]] == [
        "Zebra newest",
        "Zebra project",
    ]


# -- people in many projects ----------------------------------------------------------------------


@made_once
def joined(app: Flask, alice: Person, bob: Person) -> list[int]:
    """Let alice own 2,000 projects, and bob one more, with a task in each."""
    keys = list(range(1, 2002))
    kept_many(app, Project, *({"id": key, "name": f"Zebra {key}"} for key in keys))
    owners = [alice.id] * 2000 + [bob.id]
    rows = zip(keys, owners, strict=True)
    kept_many(app, Member, *({"project_id": one, "user_id": of, "role": OWNER} for one, of in rows))
    row = {"owner_id": alice.id, "position": "V"}
    tasks = (row | {"title": f"Lion {key}", "project_id": key} for key in keys)
    kept_many(app, Task, *tasks)
    return keys


def test_who_is_in_2000_projects_finds_what_is_in_them(alice: Person, joined: list[int]) -> None:
    assert [one["project_id"] for one in alice.finds("lion", limit=100)] == joined[-2:-102:-1]
    assert [one["id"] for one in alice.finds(f'"lion {joined[5]}"')]
    assert alice.finds(f'"lion {joined[-1]}"') == []


def test_the_number_of_projects_does_not_change_what_is_found(app: Flask, alice: Person) -> None:
    few = [alice.makes_project(f"Zebra {number}") for number in range(fulltext.MAX_SCOPES)]
    assert {one["id"] for one in alice.finds("zebra")} == set(few)
    more = alice.makes_project("Zebra more")
    assert {one["id"] for one in alice.finds("zebra more")} == {more}
    assert {one["id"] for one in alice.finds('"zebra 7"')} == {few[7]}


def test_a_search_for_many_words_ranks_fewer(app: Flask, alice: Person) -> None:
    words = [f"zebra{number}" for number in range(16)]
    most = MAX_RANKED_WORDS // len(words)
    body = " ".join(words)
    kept(app, *(a_post(alice, "Post", body=body) for _ in range(most + 10)))
    assert len(paged(alice, "/search?q=zebra0&type=post&limit=100")) == most + 10
    assert len(paged(alice, f"/search?q={'+'.join(words)}&type=post&limit=100")) == most
