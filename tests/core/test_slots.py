"""What packages bring to an application, and which application has it."""

import pytest
from flask import Flask

from collab.core.slots import Contributions, renew


def test_contributions_are_gone_through_as_they_came_and_each_application_has_its_own() -> None:
    brought: Contributions[str] = Contributions("test")
    one, other = Flask("one"), Flask("other")
    for name in ("second", "first"):
        brought.add(one, name)
    with one.app_context():
        assert list(brought) == ["second", "first"]
    with other.app_context():
        assert list(brought) == []


def test_the_next_run_of_an_application_has_them_still() -> None:
    brought: Contributions[str] = Contributions("test")
    app = Flask("one")
    brought.add(app, "hook")
    renew(app)
    with app.app_context():
        assert list(brought) == ["hook"]


def test_outside_of_an_application_nothing_is_gone_through() -> None:
    with pytest.raises(RuntimeError):
        list(Contributions[str]("test"))
