"""What was read of the parameters of an address is read once, in bounded memory."""

from __future__ import annotations

from flask import Flask

from collab.core.http.blueprint import KNOWN_ARGUMENTS, MAX_KNOWN_ARGUMENTS, MAX_KNOWN_BYTES

from ..support.people import Person, ok
from ..support.problems import problem


def names(person: Person, query: str) -> list[str]:
    return [one["name"] for one in ok(person.get(f"/projects?{query}"))["items"]]


def test_the_same_parameters_select_for_each_person_what_is_theirs(
    app: Flask, alice: Person, bob: Person, charlie: Person, project: int
) -> None:
    found = [names(one, "limit=5&sort=-id") for one in (alice, bob, charlie, alice)]
    assert [len(one) for one in found] == [1, 1, 0, 1]
    assert len(KNOWN_ARGUMENTS.of(app)) == 1


def test_what_is_refused_is_refused_again_and_not_kept(app: Flask, alice: Person) -> None:
    for _ in range(2):
        problem(alice.get("/projects?limit=0"), 422)
    assert len(KNOWN_ARGUMENTS.of(app)) == 0


def test_memory_is_bounded(app: Flask, alice: Person) -> None:
    known = KNOWN_ARGUMENTS.of(app)
    known.update({(0, b"%d" % number): {} for number in range(MAX_KNOWN_ARGUMENTS)})
    names(alice, "limit=5")
    assert len(known) == 1
    ok(alice.get("/tasks?q=" + "x" * 90))
    long = "limit=5" + "&sort=id" + "&q=" + "%C3%A4" * 60
    assert len(long) > MAX_KNOWN_BYTES
    names(alice, long)
    assert len(known) == 2
