"""Who is at a topic: told to other processes once, and taken in from them."""

from __future__ import annotations

import pytest

from collab.events.presence import Presence

TOPIC = "project:1"
VERA = (TOPIC, 7, "Vera", None)
GONE = (TOPIC, 7, None, None)


@pytest.fixture
def presence() -> Presence:
    return Presence()


def test_who_came_is_news_once_however_many_connections(presence: Presence) -> None:
    assert presence.came(TOPIC, 7, "Vera")
    assert presence.take_news() == [VERA]
    assert not presence.came(TOPIC, 7, "Vera")
    assert presence.take_news() == []
    assert not presence.went(TOPIC, 7)
    assert presence.take_news() == []
    assert presence.went(TOPIC, 7)
    assert presence.take_news() == [GONE]


def test_a_note_is_news_and_is_told_with_the_name(presence: Presence) -> None:
    presence.came(TOPIC, 7, "Vera")
    presence.take_news()
    presence.note(TOPIC, 7, "line 3")
    assert presence.take_news() == [(TOPIC, 7, "Vera", "line 3")]
    presence.went(TOPIC, 7)
    presence.came(TOPIC, 7, "Vera")
    assert presence.take_news() == [VERA]


def test_a_note_of_somebody_without_a_connection_here_is_not_kept(presence: Presence) -> None:
    list(presence.learn("there", [VERA]))
    presence.note(TOPIC, 7, "line 3")
    assert (presence.notes(TOPIC), presence.take_news()) == ({}, [])


def test_a_process_that_knows_nothing_is_told_of_those_here_alone(presence: Presence) -> None:
    presence.came(TOPIC, 7, "Vera")
    presence.came("project:2", 8, "Emil")
    list(presence.learn("there", [(TOPIC, 9, "Dora", None)]))
    assert presence.here() == [VERA, ("project:2", 8, "Emil", None)]


def test_who_came_and_went_by_another_process_is_moved_once(presence: Presence) -> None:
    assert list(presence.learn("there", [VERA, VERA])) == [(TOPIC, 7, "Vera", True)]
    assert presence.of(TOPIC) == [{"user_id": 7, "name": "Vera"}]
    assert list(presence.learn("there", [GONE, GONE])) == [(TOPIC, 7, "Vera", False)]
    assert presence.of(TOPIC) == []


def test_of_whom_a_process_does_not_tell_again_has_gone(presence: Presence) -> None:
    emil = (TOPIC, 8, "Emil", None)
    list(presence.learn("there", [VERA, emil]))
    list(presence.learn("elsewhere", [(TOPIC, 9, "Dora", None)]))
    presence.doubt("there")
    assert list(presence.learn("there", [emil])) == []
    assert list(presence.settle("there")) == [(TOPIC, 7, "Vera", False)]
    assert [one["name"] for one in presence.of(TOPIC)] == ["Emil", "Dora"]
    assert list(presence.settle("there")) == []


def test_nobody_is_missed_of_a_process_that_told_of_nobody(presence: Presence) -> None:
    assert list(presence.settle("there")) == []
    presence.doubt("there")
    assert list(presence.settle("there")) == []


def test_somebody_is_there_until_all_processes_have_let_go(presence: Presence) -> None:
    presence.came(TOPIC, 7, "Vera")
    assert list(presence.learn("one", [VERA])) == []
    assert list(presence.learn("two", [VERA])) == []
    assert not presence.went(TOPIC, 7)
    assert list(presence.learn("one", [GONE])) == []
    assert not presence.came(TOPIC, 7, "Vera")
    assert not presence.went(TOPIC, 7)
    assert list(presence.forget("two")) == [(TOPIC, 7, "Vera", False)]
    assert presence.came(TOPIC, 7, "Vera")


def test_a_process_that_has_ended_takes_only_its_own_with_it(presence: Presence) -> None:
    list(presence.learn("one", [VERA, (TOPIC, 8, "Emil", "line 1")]))
    list(presence.learn("two", [(TOPIC, 8, "Emil", "line 2"), ("project:2", 9, "Dora", None)]))
    assert presence.notes(TOPIC) == {8: "line 1"}
    assert list(presence.forget("one")) == [(TOPIC, 7, "Vera", False)]
    assert presence.notes(TOPIC) == {8: "line 2"}
    assert list(presence.forget("one")) == []
    assert list(presence.forget("unknown")) == []
    assert sorted(presence.forget("two")) == [
        (TOPIC, 8, "Emil", False),
        ("project:2", 9, "Dora", False),
    ]


def test_what_a_process_never_told_of_can_not_go_by_it(presence: Presence) -> None:
    presence.came(TOPIC, 7, "Vera")
    assert list(presence.learn("there", [GONE, ("project:9", 1, None, None)])) == []
    assert presence.of(TOPIC) == [{"user_id": 7, "name": "Vera"}]
