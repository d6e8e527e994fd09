"""The order of a collection: that of a list, whatever is moved, and whoever pages meanwhile."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from .shelves import crowd, order, shown

POSTS = 6
#: How often random deeds are tried.
EXAMPLES = 12


@made_once
def posts(alice: Person) -> list[int]:
    """Return the ids of some posts."""
    return [alice.writes()["id"] for _ in range(POSTS)]


@made_once
def full(alice: Person, posts: list[int]) -> list[int]:
    """Return a collection that has all of them, for each example."""
    return [alice.collects(*posts) for _ in range(EXAMPLES)]


def put(shelf: list[int], post: int, neighbour: int | None, side: str) -> int:
    """Do to a list what a request does to a collection; returns the answer's status."""
    if neighbour is not None and neighbour not in shelf:
        return 404
    if neighbour is None:
        shelf += [post] * (post not in shelf)
    elif neighbour != post:
        if post in shelf:
            shelf.remove(post)
        shelf.insert(shelf.index(neighbour) + (side == "after"), post)
    return 200


def take_out(shelf: list[int], post: int) -> int:
    if post not in shelf:
        return 404
    shelf.remove(post)
    return 204


NUMBER = st.integers(0, POSTS - 1)
PUT = st.tuples(st.just("put"), NUMBER, st.none() | NUMBER, st.sampled_from(["before", "after"]))
OUT = st.tuples(st.just("out"), NUMBER, st.none(), st.just(""))
#: On which of two collections, what, to which post, next to which.
DEEDS = st.lists(st.tuples(st.integers(0, 1), PUT | PUT | PUT | OUT), max_size=25)


@given(deeds=DEEDS)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_collections_are_lists(
    alice: Person,
    posts: list[int],
    full: list[int],
    deeds: list[tuple[int, tuple[str, int, int | None, str]]],
) -> None:
    shelves: list[list[int]] = [posts.copy(), []]
    made = [full.pop() if full else alice.collects(*posts), alice.collects()]
    for which, (deed, number, next_to, side) in deeds:
        shelf, post = shelves[which], posts[number]
        path = f"/collections/{made[which]}/posts/{post}"
        if deed == "out":
            assert alice.delete(path).status_code == take_out(shelf, post)
        else:
            neighbour = None if next_to is None else posts[next_to]
            body = {} if neighbour is None else {side: neighbour}
            assert alice.put(path, body).status_code == put(shelf, post, neighbour, side)
    for shelf, collection in zip(shelves, made, strict=True):
        assert order(alice, collection, limit=2) == shelf
        assert shown(alice, collection)["posts"] == len(shelf)


@given(deeds=st.lists(PUT | OUT, max_size=12))
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_who_pages_while_others_move_misses_and_doubles_none_that_stays(
    alice: Person,
    posts: list[int],
    full: list[int],
    deeds: list[tuple[str, int, int | None, str]],
) -> None:
    made, waiting = full.pop() if full else alice.collects(*posts), list(deeds)
    seen: list[int] = []
    address = f"/collections/{made}/posts?limit=1"
    while address:
        page = alice.get(address)
        seen += [one["id"] for one in ok(page)["items"]]
        address = page.links.get("next", {}).get("url", "")
        for deed, number, next_to, side in waiting[:3]:
            path = f"/collections/{made}/posts/{posts[number]}"
            if deed == "out":
                alice.delete(path)
            else:
                alice.put(path, {} if next_to is None else {side: posts[next_to]})
        del waiting[:3]
    touched = {posts[number] for _, number, _, _ in deeds}
    unmoved = [one for one in posts if one not in touched]
    assert [one for one in seen if one in unmoved] == unmoved


# -- one by one -----------------------------------------------------------------------------------


@made_once
def three(alice: Person) -> tuple[list[int], int]:
    """Return three posts and the collection that has them."""
    made = [alice.writes()["id"] for _ in range(3)]
    return made, alice.collects(*made)


def test_a_new_post_goes_where_it_is_told(alice: Person, three: tuple[list[int], int]) -> None:
    (a, b, c), made = three
    new = alice.writes()["id"]
    ok(alice.put(f"/collections/{made}/posts/{new}", {"after": a}))
    assert order(alice, made) == [a, new, b, c]


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_neighbour_must_be_there(alice: Person, three: tuple[list[int], int], side: str) -> None:
    posts, made = three
    problem(alice.put(f"/collections/{made}/posts/{posts[0]}", {side: 999}), 404)
    assert order(alice, made) == posts


def test_a_post_has_one_neighbour_at_most(alice: Person, three: tuple[list[int], int]) -> None:
    posts, made = three
    body = {"before": posts[0], "after": posts[2]}
    assert pointers(alice.put(f"/collections/{made}/posts/{posts[1]}", body)) == ["#/after"]


def test_where_no_room_is_left_all_get_new_places(
    app: Flask, alice: Person, three: tuple[list[int], int]
) -> None:
    (a, b, c), made = three
    crowd(app, made, {a: "V00000" + "0" * 198 + "1", b: "V00000" + "0" * 198 + "2"})
    assert order(alice, made) == [a, b, c]
    ok(alice.put(f"/collections/{made}/posts/{c}", {"before": b}))
    assert order(alice, made) == [a, c, b]
    ok(alice.put(f"/collections/{made}/posts/{a}", {"after": c}))
    assert order(alice, made) == [c, a, b]


def test_a_cursor_of_before_is_then_refused(
    app: Flask, alice: Person, three: tuple[list[int], int]
) -> None:
    (a, b, c), made = three
    address = alice.get(f"/collections/{made}/posts?limit=1").links["next"]["url"]
    ok(alice.get(address))
    crowd(app, made, {a: "V00000" + "0" * 198 + "1", b: "V00000" + "0" * 198 + "2"})
    ok(alice.put(f"/collections/{made}/posts/{c}", {"before": b}))
    problem(alice.get(address), 400)


def test_very_many_moves_into_one_gap_are_taken(
    alice: Person, three: tuple[list[int], int]
) -> None:
    (a, b, c), made = three
    for _ in range(25):  # more halves than a number of any kind has digits
        ok(alice.put(f"/collections/{made}/posts/{c}", {"before": b}))
        ok(alice.put(f"/collections/{made}/posts/{a}", {"after": c}))
        ok(alice.put(f"/collections/{made}/posts/{c}", {"after": a}))
    assert order(alice, made) == [a, c, b]
