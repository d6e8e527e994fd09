"""The list of what is published, and that of one's drafts."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem


def titles(person: Person, **query: Any) -> list[str]:
    return [one["title"] for one in ok(person.get("/posts", params=query))["items"]]


@made_once
def written(alice: Person, bob: Person) -> None:
    """Write posts and drafts."""
    alice.writes("A1", "apples and pears")
    bob.writes("B1", "pears")
    bob.writes("B2", "apples", status="draft")
    alice.writes("A2", "plums", status="draft")
    alice.writes("A3", "plums")


@pytest.mark.usefixtures("written")
class TestWhatIsShown:
    @pytest.mark.parametrize("name", ["nobody", "alice", "charlie", "ada"])
    def test_all_see_what_is_published_newest_first(
        self, request: pytest.FixtureRequest, name: str
    ) -> None:
        assert titles(request.getfixturevalue(name)) == ["A3", "B1", "A1"]

    def test_one_persons_posts(self, nobody: Person, alice: Person) -> None:
        assert titles(nobody, owner=alice.id) == ["A3", "A1"]

    def test_ones_own_posts(self, alice: Person) -> None:
        assert titles(alice, owner="me") == ["A3", "A1"]

    def test_ones_own_drafts(self, alice: Person) -> None:
        assert titles(alice, status="draft") == ["A2"]
        assert titles(alice, status="draft", owner="me") == ["A2"]
        assert titles(alice, status="draft", owner=alice.id) == ["A2"]

    def test_nobody_lists_the_drafts_of_another(
        self, alice: Person, bob: Person, ada: Person
    ) -> None:
        assert titles(alice, status="draft", owner=bob.id) == []
        assert titles(ada, status="draft", owner=bob.id) == []
        assert titles(ada, status="draft") == []

    @pytest.mark.parametrize("query", [{"status": "draft"}, {"owner": "me"}], ids=str)
    def test_what_is_ones_own_needs_signing_in(self, nobody: Person, query: dict[str, str]) -> None:
        problem(nobody.get("/posts", params=query), 401)

    def test_an_account_that_is_not_there_has_no_posts(self, nobody: Person) -> None:
        assert titles(nobody, owner="999999999999999999") == []

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("plums", ["A3"]),
            ("pea", ["B1", "A1"]),
            ("b1", ["B1"]),
            ("apples pears", ["A1"]),
            ("apples -pears", []),
            ("nothing", []),
            ("?!", []),
            ("", ["A3", "B1", "A1"]),
        ],
    )
    def test_words_are_looked_for_in_what_is_published(
        self, alice: Person, q: str, found: list[str]
    ) -> None:
        assert titles(alice, q=q) == found

    def test_words_are_looked_for_in_drafts(self, alice: Person) -> None:
        assert titles(alice, status="draft", q="plums") == ["A2"]
        assert titles(alice, status="draft", q="apples") == []

    def test_words_and_a_person_are_looked_for_together(self, bob: Person) -> None:
        assert titles(bob, q="pears", owner="me") == ["B1"]

    def test_posts_are_sorted_otherwise(self, alice: Person, nobody: Person) -> None:
        oldest = ok(nobody.get("/posts", params={"sort": "id"}))["items"][0]
        ok(alice.patch(f"/posts/{oldest['id']}", {"body": "changed"}))
        assert titles(nobody, sort="-updated_at") == ["A1", "A3", "B1"]
        assert titles(nobody, sort="id") == ["A1", "B1", "A3"]

    def test_pages_follow_one_another(self, nobody: Person) -> None:
        assert len(paged(nobody, "/posts?limit=1")) == 3
        assert len(paged(nobody, "/posts?limit=1&q=pears")) == 2


@pytest.mark.parametrize("owner", ["0", "01", "-1", "1e3", "You", "9" * 19, ""])
def test_an_owner_that_is_no_id_is_422(nobody: Person, owner: str) -> None:
    assert set(pointers(nobody.get("/posts", params={"owner": owner}))) == {"#/query/owner"}


@pytest.mark.parametrize("length", [0, 299, 300, 301, 2000])
def test_a_list_has_short_bodies_whole(alice: Person, length: int) -> None:
    alice.writes(body="é" * length)
    item = ok(alice.get("/posts"))["items"][0]
    assert (item["body"], item["excerpt"]) == ("é" * length, "é" * min(length, 300))


def test_a_list_has_the_beginning_of_long_bodies(alice: Person) -> None:
    alice.writes(body="é" * 2001)
    item = ok(alice.get("/posts"))["items"][0]
    assert (item["body"], item["excerpt"]) == (None, "é" * 300)


def test_a_reader_who_pages_misses_and_doubles_none_that_stays(
    alice: Person, nobody: Person
) -> None:
    made = [alice.writes()["id"] for _ in range(9)]
    seen, address = [], "/posts?limit=2"
    for change in range(9):
        page = nobody.get(address)
        seen += [one["id"] for one in ok(page)["items"]]
        if "next" not in page.links:
            break
        address = page.links["next"]["url"]
        alice.writes("New")
        ok(alice.delete(f"/posts/{made[change * 2 % 9]}"))
        ok(alice.patch(f"/posts/{made[-2]}", {"title": f"Changed {change}"}))
    staying = {one["id"] for one in ok(nobody.get("/posts?limit=100"))["items"]} & set(made)
    assert staying <= set(seen)
    assert len(seen) == len(set(seen))
