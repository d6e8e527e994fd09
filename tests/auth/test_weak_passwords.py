"""Which passwords are refused: those that many people have, and those that say little."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from collab.auth.passwords import MIN_PASSWORD_LENGTH, weakness

from ..support.people import PASSWORD

DORA = "dora@example.com"


@pytest.fixture
def here(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.usefixtures("here")
def test_the_3000_most_common_ones_are_refused_but_for_a_documented_example() -> None:
    """The list is read through the package's own door, as anybody reads it."""
    lists = importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS
    common = [one for one in lists["passwords"] if len(one) >= MIN_PASSWORD_LENGTH][:3000]
    assert len(common) == 3000
    assert [one for one in common if weakness(one, DORA) is None] == ["password123"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "password",
    [
        "Password",
        "iLoveYou1",
        "87654321",
        "9876543210",
        "abcdefgh",
        "testtest",
        "12341234",
        "123123123",
        "AbcAbcAbc",
        "jennifer",
        "chocolate",
        "university",
        "p@ssw0rd",
        "qwertyuiop",
    ],
)
def test_common_ones_words_and_what_is_only_typed_are_refused(password: str) -> None:
    assert "one of the most common" in str(weakness(password, DORA))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "password",
    ["Collab2026!", "2026collab", "collabcollab1", "dora2026!", "Dora-Dora-1", "collab-dora-1"],
)
def test_the_own_name_and_the_service_s_are_no_password(password: str) -> None:
    assert "besides" in str(weakness(password, DORA))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "password123",
        "university of houston",
        "we collab on rockets",
        "dora explores mars",
        "abcdefgh-1969",
        "moonmoonmoon-",
        "bob2026!",
    ],
)
def test_others_are_taken_even_with_such_words_in_them(password: str) -> None:
    assert weakness(password, DORA) is None


@pytest.mark.usefixtures("here")
def test_a_short_name_is_in_many_words_and_counts_as_none() -> None:
    assert weakness("bob-202!", "bob@example.com") is None


@pytest.mark.usefixtures("here")
def test_six_characters_besides_a_word_are_enough() -> None:
    assert weakness("collab-2026!", DORA) is None


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("password", ["zebraquilt", "zebraquilt@example.com"])
def test_the_own_address_is_no_password(password: str) -> None:
    assert weakness(password, "zebraquilt@example.com") == "This password is your e-mail address."


@pytest.mark.usefixtures("here")
def test_the_others_of_a_domain_are_not_in_the_way() -> None:
    assert weakness("example.com", "zebraquilt@example.com") is None


@pytest.mark.usefixtures("here")
def test_what_no_keyboard_sends_is_named() -> None:
    assert str(weakness("a\x00b, long enough", DORA)).startswith("A password can't have ")


@pytest.mark.usefixtures("here")
def test_one_that_is_shorter_as_it_is_compared_is_no_pattern_by_that() -> None:
    assert weakness("a\u0301e\u0301i\u0301o\u0301", DORA) is None


def test_an_installation_names_words_of_its_own(make_app: Callable[..., Flask]) -> None:
    with make_app(PASSWORD_WORDS="Apollo, saturn-v").app_context():
        assert weakness("Apollo1969", DORA)
        assert weakness("saturn-v!1", DORA)
        assert weakness("collab2026", DORA) is None
