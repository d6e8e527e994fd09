"""Who is meant by an @name."""

from __future__ import annotations

import pytest
from flask import Flask

from collab.auth.mentions import MAX_NAMES_PER_TEXT, handles, mentioned

from ..support.people import Person


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@bob please look", ["bob"]),
        ("Thanks, @Bob. And @Vera!", ["bob", "vera"]),
        ("(@bob, @bob)", ["bob"]),
        ("write to bob@example.com", []),
        ("@ bob, a@b, @@bob", []),
        ("@Jürgen.Müller-Lüdenscheidt, hi", ["jürgen.müller-lüdenscheidt"]),
        ("@bob\n@vera", ["bob", "vera"]),
        ("", []),
    ],
)
def test_a_name_is_read_off_a_text(text: str, names: list[str]) -> None:
    assert handles(text) == names


def test_only_so_many_names_of_a_text_are_looked_up() -> None:
    assert len(handles(" ".join(f"@p{number}" for number in range(100)))) == MAX_NAMES_PER_TEXT


def test_a_person_is_called_by_name_or_address(app: Flask, bob: Person, vera: Person) -> None:
    bob.patch("/auth/me", {"name": "Robert The Builder"})
    with app.app_context():
        assert mentioned("@RobertTheBuilder and @bob are one, @vera another, @nobody none") == [
            bob.id,
            vera.id,
        ]


def test_a_disabled_person_is_not_called(app: Flask, ada: Person, bob: Person) -> None:
    ada.patch(f"/users/{bob.id}", {"disabled": True})
    with app.app_context():
        assert mentioned("@bob") == []
