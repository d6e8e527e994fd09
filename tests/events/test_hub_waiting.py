"""What waits in the hub until the broadcaster comes, what wakes it, and who was given how much."""

from __future__ import annotations

import pytest

from collab.core.models import utcnow
from collab.events import hub as hubs
from collab.events.bell.waking import Bell
from collab.events.hub import Hub
from collab.events.message import Message
from collab.events.subscriber import Resumable

from .fakes import Fake, Hidden

TOPIC = "project:1"


@pytest.fixture
def bell() -> Bell:
    """Return a bell that nobody has rung, and no row waits."""
    made = Bell()
    made.take_rows()
    return made


@pytest.fixture
def hub(bell: Bell) -> Hub:
    return Hub(bell, read_only=("posts",))


def row(key: int, topic: str = TOPIC) -> Message:
    return Message(topic, "a.note", 1, {}, utcnow(), key, project_id=1)


def typing() -> Message:
    return Message.signal(TOPIC, "typing", 1, {})


def rung(bell: Bell) -> bool:
    """Return whether the bell was rung, and take the ring; no row may wait."""
    assert not bell.rows_wait
    bell.wait(0)  # a silence has the log read
    return not bell.take_rows()


class Notes(Fake):
    """Keeps hints apart, and how often rights changed."""

    def __init__(self, user_id: int = 1) -> None:
        super().__init__(user_id)
        self.hints: list[str] = []
        self.changes = 0

    def hint(self, chunk: bytes) -> None:
        self.hints += chunk.decode().split()

    def rights_changed(self) -> None:
        self.changes += 1


class Later(Fake, Resumable):
    """Goes on later."""

    def resume(self) -> None:
        raise NotImplementedError


# -- signals --------------------------------------------------------------------------------------


def test_a_signal_waits_for_other_processes_while_there_are_any(hub: Hub, bell: Bell) -> None:
    first, second = typing(), typing()
    hub.signal(first)
    hub.crosses = True
    hub.signal(second)
    assert (list(hub.signals), list(hub.crossing)) == ([first, second], [second])
    assert rung(bell)


def test_a_signal_that_is_kept_for_others_to_tell_wakes_nobody(hub: Hub, bell: Bell) -> None:
    hub.keep(typing())
    assert len(hub.signals) == 1
    assert not rung(bell)


def test_who_goes_on_later_waits_and_the_broadcaster_wakes(hub: Hub, bell: Bell) -> None:
    one = Later()
    assert not hub.resuming
    hub.resume(one)
    assert list(hub.resuming) == [one]
    assert rung(bell)


def test_signals_of_another_process_follow_the_rows_that_it_has_published(
    hub: Hub, bell: Bell
) -> None:
    hub.publish([row(5)])
    told = typing()
    hub.hear([told], position=5)
    assert list(hub.signals) == [told]
    assert rung(bell)  # for the signal alone
    hub.hear([typing()], position=6)
    assert bell.take_rows()


def test_signals_of_others_are_dropped_when_too_many_wait(hub: Hub) -> None:
    hub.signals.extend([typing()] * (hubs.MAX_SIGNALS_WAITING - 1))
    hub.hear([typing()], 0)
    assert len(hub.signals) == hubs.MAX_SIGNALS_WAITING
    hub.hear([typing()], 0)
    assert len(hub.signals) == hubs.MAX_SIGNALS_WAITING


def test_who_came_or_went_by_another_process_is_told_here(hub: Hub, bell: Bell) -> None:
    with hub.presence():
        hub.say([(TOPIC, 7, "Vera", True), (TOPIC, 8, "Emil", False)])
    assert [(one.topic, one.type, one.actor, one.data) for one in hub.signals] == [
        (TOPIC, "user.joined", 7, {"user_id": 7, "name": "Vera"}),
        (TOPIC, "user.left", 8, {"user_id": 8, "name": "Emil"}),
    ]
    assert rung(bell)


def test_presence_is_told_to_all_and_the_rest_to_who_keeps_up(hub: Hub) -> None:
    one = Notes()
    hub.add(one, {TOPIC: 1})
    joined, left, hint = (Message.signal(TOPIC, kind, 2, {}) for kind in KINDS)
    assert hub.tell([joined, hint, left]) == 3
    assert (one.got, one.hints) == ([joined.public_id, left.public_id], [hint.public_id])


KINDS = ("user.joined", "user.left", "typing")


def test_who_always_keeps_up_is_given_signals_like_all_else(hub: Hub) -> None:
    one = Fake()
    hub.add(one, {TOPIC: 1})
    told = typing()
    assert hub.tell([told]) == 1
    assert (one.got, one.last_ids) == ([told.public_id], [0])


# -- counts ---------------------------------------------------------------------------------------


def test_what_was_published_is_counted_as_each_to_each(hub: Hub) -> None:
    for topics in ({TOPIC: 1}, {TOPIC: 1, "project:2": 2}, {"project:2": 2}):
        hub.add(Fake(), dict(topics))
    assert hub.publish([row(1), row(2), row(3, "project:9")]) == 4
    assert hub.publish([row(4), row(5, "project:2")]) == 4
    assert hub.publish([row(6, "project:9")]) == 0
    assert (hub.followers(TOPIC), hub.followers("project:9")) == (2, 0)


def test_the_position_never_goes_back(hub: Hub) -> None:
    assert hub.position == 0
    hub.publish([row(5)])
    hub.publish([row(3)])
    assert hub.position == 5


def test_a_follower_is_told_from_where_on_they_follow(hub: Hub) -> None:
    one = Fake()
    hub.publish([row(5)])
    hub.add(one, {TOPIC: 1, "project:2": 2})
    assert one.since == {TOPIC: 5, "project:2": 5}
    hub.remove(one, TOPIC)
    assert (one.since, one.topics) == ({"project:2": 5}, {"project:2": 2})


# -- presence -------------------------------------------------------------------------------------


def test_nobody_is_present_where_one_only_reads(hub: Hub, bell: Bell) -> None:
    one = Fake()
    hub.add(one, {"posts": None})
    hub.leave(one)
    assert not hub.signals
    assert not rung(bell)


def test_a_note_lasts_as_long_as_the_persons_connections(hub: Hub) -> None:
    one, other = Fake(user_id=1), Fake(user_id=2)
    for reader in (one, other):
        hub.add(reader, {TOPIC: 1})
    hub.note(TOPIC, 1, "line 3")
    hub.note(TOPIC, 9, "nobody's")
    hub.note("project:2", 1, "nowhere")
    assert hub.notes(TOPIC) == {1: "line 3"}
    assert hub.notes("project:2") == {}
    hub.leave(one)
    assert hub.notes(TOPIC) == {}


def test_a_note_of_another_process_counts_once_the_one_made_here_is_gone(hub: Hub) -> None:
    one = Fake(user_id=1)
    hub.add(one, {TOPIC: 1})
    hub.note(TOPIC, 1, "here")
    with hub.presence() as presence:
        assert list(presence.learn("another", [(TOPIC, 1, "Alice", "there")])) == []
    assert hub.notes(TOPIC) == {1: "here"}
    hub.leave(one)
    assert hub.notes(TOPIC) == {1: "there"}
    assert hub.present(TOPIC) == [{"user_id": 1, "name": "Alice"}]


def test_what_tells_of_a_person_names_them(hub: Hub, bell: Bell) -> None:
    announced: list[Message] = []

    class Named(Fake):
        def announced(self, message: Message) -> None:
            announced.append(message)

    one = Named(user_id=7, name="Vera")
    hub.add(one, {TOPIC: 1})
    assert rung(bell)
    hub.leave(one)
    assert rung(bell)
    assert [(one.type, one.topic, one.actor) for one in hub.signals] == [
        ("user.joined", TOPIC, 7),
        ("user.left", TOPIC, 7),
    ]
    assert {one.data["name"] for one in hub.signals} == {"Vera"}
    assert announced == [hub.signals[0]]


def test_a_second_connection_wakes_for_others_to_be_told_but_is_no_news(
    hub: Hub, bell: Bell
) -> None:
    tabs = [Fake(), Fake()]
    for tab in tabs:
        hub.add(tab, {TOPIC: 1})
        assert rung(bell)
    hub.leave(tabs[0])
    assert rung(bell)
    hub.add(Hidden(), {TOPIC: 1})
    assert not rung(bell)
    assert len(hub.signals) == 1


# -- rights and the end ---------------------------------------------------------------------------


def test_all_who_are_connected_hear_that_rights_have_changed(hub: Hub) -> None:
    one, gone = Notes(1), Notes(2)
    for reader in (one, gone):
        hub.enter(reader)
    hub.leave(gone)
    hub.correct(Message(TOPIC, "member.role_changed", 1, {"user_id": 9}, utcnow(), 9, 1))
    assert (one.changes, gone.changes) == (1, 0)


def test_a_closed_hub_says_so_and_has_nobody(hub: Hub) -> None:
    hub.add(Fake(), {TOPIC: 1})
    one = Fake()
    hub.enter(one)
    hub.add(one, {TOPIC: 1})
    assert not hub.closed
    hub.close()
    assert hub.closed
    assert one.topics == {}
