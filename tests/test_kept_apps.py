"""Applications that tests ask for by settings: another test has the same one only as it was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from collab.core.slots import Slot
from collab.extensions import db

from .conftest import SETTINGS, create_app, http_for
from .support.kept_apps import Lender, Lent
from .support.shared import close

#: Settings that nobody else asks for.
OWN = {"RATE_LIMIT": "77 per minute"}
#: Applications that the lender of a test keeps.
MOST_KEPT = 3
#: What an application makes when it is first asked for, and lets go of after a test.
COUNTED: Slot[list[int]] = Slot("counted by a test", lambda _: [])


@pytest.fixture
def lender() -> Iterator[Lender]:
    made = Lender(MOST_KEPT)
    yield made
    made.close()


@pytest.fixture
def lend(lender: Lender, tmp_path: Path) -> Callable[..., Lent]:
    def take(**settings: str) -> Lent:
        every = SETTINGS | {"INSTANCE_PATH": str(tmp_path)} | settings
        return lender.take(lambda: create_app(every), settings)

    return take


def test_an_application_is_had_again_by_who_asks_for_the_same(lender, lend):
    first = lend(**OWN)
    lender.give_back(first, OWN)
    assert lend(**OWN) is first


def test_nobody_has_one_that_another_has(lend):
    one, another = lend(**OWN), lend(**OWN)
    assert one.app is not another.app
    close(one.app)
    close(another.app)


def test_who_asks_for_other_settings_has_another(lender, lend):
    first = lend(**OWN)
    lender.give_back(first, OWN)
    other = lend(RATE_LIMIT="78 per minute")
    assert other.app.config["RATE_LIMIT"] != first.app.config["RATE_LIMIT"]
    close(other.app)


def test_what_was_set_and_made_is_gone_in_the_next_test(lender, lend):
    first = lend(**OWN)
    first.app.config["RATE_LIMIT"] = "1 per minute"
    COUNTED.of(first.app).append(1)
    lender.give_back(first, OWN)
    again = lend(**OWN)
    assert (again.app.config["RATE_LIMIT"], COUNTED.of(again.app)) == ("77 per minute", [])


def has_a_route(app: Flask) -> None:
    app.add_url_rule("/more", view_func=lambda: "more")


def has_a_hook(app: Flask) -> None:
    app.before_request(lambda: None)


def has_another_part(app: Flask) -> None:
    app.extensions["collab.job types"] = {}


@pytest.mark.parametrize("change", [has_a_route, has_a_hook, has_another_part])
def test_one_that_was_changed_is_given_to_nobody(lender, lend, change):
    first = lend(**OWN)
    change(first.app)
    lender.give_back(first, OWN)
    assert lend(**OWN) is not first


@pytest.mark.parametrize("name", ["DATABASE_URL", "INSTANCE_PATH"])
def test_one_that_is_about_more_than_itself_is_given_to_nobody(lender, lend, tmp_path, name):
    values = {"DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}
    own = {name: values.get(name, str(tmp_path / "other"))}
    first = lend(**own)
    lender.give_back(first, own)
    assert lend(**own) is not first


def test_what_answered_a_request_may_be_added_to_in_the_next_test(lender, lend):
    first = lend(**OWN)
    with http_for(first.app) as http:
        http.get("/health")
    lender.give_back(first, OWN)
    again = lend(**OWN).app
    has_a_route(again)
    assert "more" in {rule.rule.strip("/") for rule in again.url_map.iter_rules()}


def test_one_that_is_had_again_has_the_log_as_it_had_when_it_was_built(lender, lend):
    own = {"LOG_LEVEL": "warning"}
    first = lend(**own)
    lender.give_back(first, own)
    other = lend(LOG_LEVEL="error")
    assert logging.getLogger("collab").level == logging.ERROR
    lend(**own)
    assert logging.getLogger("collab").level == logging.WARNING
    close(first.app)
    close(other.app)


def test_only_so_many_are_kept(lender, lend):
    given = [{"RATE_LIMIT": f"{count} per minute"} for count in range(1, MOST_KEPT + 2)]
    lent = [lend(**own) for own in given]
    for one, own in zip(lent, given, strict=True):
        lender.give_back(one, own)
    with lent[0].app.app_context():
        assert not db.engines
    assert [lend(**own) is one for one, own in zip(lent, given, strict=True)].count(
        True
    ) == MOST_KEPT
