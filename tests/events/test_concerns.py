"""What packages say of whom their events concern: by what rows have, and what is there without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from collab.auth.models import User
from collab.events import concerns
from collab.events.bell.datagram import Datagrams
from collab.events.bell.line import Line
from collab.events.bell.lines import LINE
from collab.events.bell.redis_line import RedisLine
from collab.events.concerns import FAMILIES, Family
from collab.events.topics import open_to_all, register_read_only

from ..support.people import Person


class Notes(Family):
    """A family that says no more than it must."""

    word = "note"
    subject = "note"
    shown = None

    def look_up(self, rows: Sequence[Any]) -> None:
        """Look nothing up."""

    def about(self, row: Any, facts: Any) -> None:
        """Be about nothing."""


def row(**data: Any) -> Any:
    return SimpleNamespace(data=data, actor=7, actor_name="")


@pytest.fixture
def another() -> Flask:
    """Return an application in which nothing is registered."""
    return Flask("another")


def test_a_family_that_says_no_more_is_read_by_nobody_and_hides_nothing(another: Flask) -> None:
    notes = Notes()
    concerns.register(another, notes)
    assert FAMILIES.of(another)["note"] is notes
    assert notes.actor(row(), None) == 7
    assert notes.data(row(secret=1)) == {}
    assert notes.may_read(1, 1, None) is False
    assert notes.hides(1, 1) is None


def test_people_are_named_by_members_of_the_event() -> None:
    assert concerns.member("user_id")(row(user_id=3), None) == (3,)
    assert list(concerns.mentioned(row(mentioned=[3, 4]), None)) == [3, 4]
    assert list(concerns.mentioned(row(), None)) == []
    assert concerns.keys([row(task_id=1), row(), row(task_id=2)], "task_id") == {1, 2}


def test_what_is_looked_up_is_found_by_its_id(app: Flask, alice: Person, bob: Person) -> None:
    with app.app_context():
        columns = User.id, User.name
        found = concerns.by_id(columns, {alice.id, bob.id, 10**6})
        assert {key: one.name for key, one in found.items()} == {alice.id: "Alice", bob.id: "Bob"}
        assert concerns.by_id(columns, []) == {}


def test_somebody_who_is_gone_did_it_all_the_same() -> None:
    assert concerns.who(row()) == "Somebody"
    assert concerns.who(SimpleNamespace(actor_name="Alice")) == "Alice"


def test_what_is_only_read_is_open_to_all_or_to_admins(another: Flask) -> None:
    register_read_only(another, "news")
    register_read_only(another, "secrets", admins_only=True)
    with another.app_context():
        opened = [open_to_all(one) for one in ("news", "secrets", "project:1")]
    assert opened == [True, False, False]


@pytest.mark.parametrize(
    ("url", "kind"), [("", Datagrams), ("redis://redis.test:7000/3", RedisLine)]
)
def test_processes_reach_each_other_by_redis_where_there_is_one(
    another: Flask, url: str, kind: type[Line], tmp_path: Path
) -> None:
    another.config.update(REDIS_URL=url, INSTANCE_PATH=tmp_path)
    line = LINE.of(another)
    assert isinstance(line, kind)
    assert line._name == "bell"
    assert getattr(line, "_folder", tmp_path / "processes") == tmp_path / "processes"
    assert getattr(line, "_url", url) == url
    assert list(line.reader.met("a process")) == [], "nobody listens yet, and nothing is told"
