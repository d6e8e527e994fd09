"""Who is meant by an @name."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from collab.auth.mentions import MAX_CALLS_PER_TEXT, MAX_PEOPLE_LOOKED_AT, mentioned
from collab.auth.models import User
from collab.extensions import db

from ..support.people import Person, ok


def names(person: Person, name: str) -> int:
    ok(person.patch("/auth/me", {"name": name}))
    return person.id


@pytest.mark.parametrize(
    "name",
    ["नरेंद्र", "Jose\u0301", "مُحَمَّد", "Émile", "张三", "O'Brien", "Sammy Jr.", "Bob🚀", "Bob Builder"],
)
def test_whoever_has_a_name_is_called_by_it(app: Flask, bob: Person, name: str) -> None:
    names(bob, name)
    with app.app_context():
        for text in (f"@{name} look", f"请@{name}。", f"(@{''.join(name.split()).upper()})"):
            assert mentioned(text) == [bob.id]
        assert mentioned(f"`@{name}` a@{name} https://x.example/@{name}") == []


def test_only_so_many_names_of_a_text_are_looked_up(app: Flask, bob: Person) -> None:
    with app.app_context():
        for before, found in ((MAX_CALLS_PER_TEXT - 1, [bob.id]), (MAX_CALLS_PER_TEXT, [])):
            assert mentioned("@nobody " * before + "@bob") == found


def test_a_person_is_called_by_name_or_address(app: Flask, bob: Person, vera: Person) -> None:
    names(bob, "Robert The Builder")
    with app.app_context():
        assert mentioned("@RobertTheBuilder and @bob are one, @vera another, @nobody none") == [
            bob.id,
            vera.id,
        ]


def test_whoever_has_another_name_is_called_by_their_address(app: Flask, bob: Person) -> None:
    names(bob, "Robert The Builder")
    with app.app_context():
        assert mentioned("@bob") == [bob.id]
        assert mentioned("@bob smith") == [bob.id]


def test_spaces_that_a_name_has_not_make_another_name_of_it(app: Flask, vera: Person) -> None:
    names(vera, "MaxSmith")
    with app.app_context():
        assert mentioned("@Max Smith, look") == []


def test_only_those_are_called_who_are_asked_for(app: Flask, bob: Person, vera: Person) -> None:
    with app.app_context():
        assert mentioned("@bob and @vera", among=User.id == vera.id) == [vera.id]


def test_the_longest_name_is_meant(app: Flask, bob: Person, vera: Person) -> None:
    names(vera, "Bob Builder")
    with app.app_context():
        assert mentioned("@Bob Builder, look") == [vera.id]
        assert mentioned("@Bob builds") == [bob.id]


def test_accents_tell_apart_whom_nothing_else_does(app: Flask, bob: Person, vera: Person) -> None:
    names(bob, "José")
    with app.app_context():
        assert mentioned("@jose") == [bob.id]
        names(vera, "Jose")
        assert mentioned("@jose") == [vera.id]
        assert mentioned("@Jose\u0301") == [bob.id]


@pytest.mark.parametrize(
    ("plain", "accented", "written"),
    [("Max.", "M\u00e1x", "@max"), ("Jose Max", "Jos\u00e9 Max", "@josemax")],
)
def test_neither_a_dot_at_the_end_nor_spaces_tell_names_apart(
    app: Flask, bob: Person, vera: Person, plain: str, accented: str, written: str
) -> None:
    names(bob, plain)
    names(vera, accented)
    with app.app_context():
        assert mentioned(written) == [bob.id]


def test_a_name_goes_before_anothers_address(app: Flask, bob: Person, vera: Person) -> None:
    names(bob, "Robert")
    names(vera, "Bob")
    with app.app_context():
        assert mentioned("@bob") == [vera.id]


def test_all_who_bear_a_name_are_meant(app: Flask, bob: Person, vera: Person) -> None:
    names(bob, "Alex")
    names(vera, "alex")
    with app.app_context():
        assert mentioned("@Alex") == [bob.id, vera.id]


def test_a_disabled_person_is_not_called(app: Flask, ada: Person, bob: Person) -> None:
    ada.patch(f"/users/{bob.id}", {"disabled": True})
    with app.app_context():
        assert mentioned("@bob") == []


def test_among_more_people_than_are_looked_at_somebody_is_found_by_name(app: Flask) -> None:
    many = range(1000, 1000 + MAX_PEOPLE_LOOKED_AT + 1)
    with app.app_context():
        people = [account(key, f"x{key}") for key in many]
        db.session.execute(insert(User), [*people, account(5000, "zoe")])
        db.session.commit()
        assert mentioned("@zoe") == [5000]


def account(key: int, name: str) -> dict[str, Any]:
    spelled = {"name": name, "handle": name, "mailbox": name}
    return {"id": key, "email": f"{name}@example.com", "password_hash": ""} | spelled
