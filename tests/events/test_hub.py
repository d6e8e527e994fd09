"""The hub: who gets what, in which order, and what is taken away."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from collab.core.models import utcnow
from collab.events.bell.waking import Bell
from collab.events.catalogue import corrections
from collab.events.hub import STOPPING_REASON, Hub
from collab.events.message import Message

from .fakes import Fake, Hidden


@pytest.fixture
def hub() -> Hub:
    return Hub(Bell())


def row(key: int, topic: str = "project:1", kind: str = "a.note", **data: Any) -> Message:
    return Message(topic, kind, 1, data, utcnow(), key, project_id=1)


def following(hub: Hub, *topics: str, **person: Any) -> Fake:
    """Return somebody who follows topics of project 1."""
    made = Fake(**person)
    hub.enter(made)
    hub.add(made, dict.fromkeys(topics or ("project:1",), 1))
    return made


def signals(hub: Hub) -> list[tuple[str, int]]:
    """Return what presence has told so far."""
    return [(one.type, one.data["user_id"]) for one in hub.signals]


# -- telling --------------------------------------------------------------------------------------


def test_a_follower_gets_the_messages_of_their_topics_in_one_chunk(hub: Hub) -> None:
    alice = following(hub)
    hub.publish([row(1), row(2), row(3)])
    assert alice.chunks == [["1", "2", "3"]]


def test_a_follower_gets_nothing_of_other_topics(hub: Hub) -> None:
    alice = following(hub)
    hub.publish([row(1, "project:2"), row(2), row(3, "user:1")])
    assert alice.got == ["2"]


def test_who_follows_nothing_is_not_bothered(hub: Hub) -> None:
    alice = following(hub)
    hub.publish([row(1, "project:2")])
    assert alice.chunks == []


def test_mixed_topics_keep_their_order(hub: Hub) -> None:
    both = following(hub, "project:1", "project:2")
    one = following(hub, "project:2", user_id=2)
    hub.publish([row(key, f"project:{1 + key % 2}") for key in range(1, 7)])
    assert (both.got, one.got) == (["1", "2", "3", "4", "5", "6"], ["1", "3", "5"])


def test_a_chunk_says_its_newest_row(hub: Hub) -> None:
    both = following(hub, "project:1", "project:2")
    one = following(hub, user_id=2)
    hub.publish([row(1), row(2), row(3, "project:2")])
    assert (both.last_ids, one.last_ids) == ([3], [2])


def test_a_signals_chunk_says_no_row(hub: Hub) -> None:
    alice = following(hub)
    hub.publish([Message.signal("project:1", "typing", 1, {})])
    assert alice.last_ids == [0]


def test_each_kind_of_subscriber_gets_messages_in_its_own_writing(hub: Hub) -> None:
    alice, hidden = following(hub), Hidden()
    hub.add(hidden, {"project:1": 1})
    hub.publish([row(1)])
    assert (alice.got, hidden.got) == (["1"], ["hidden-1"])


def test_a_message_is_written_once_for_all_who_get_the_same(hub: Hub) -> None:
    written: list[int] = []

    class Counting(Fake):
        @staticmethod
        def encode(message: Message) -> bytes:
            written.append(message.id)
            return b""

    for _ in range(10):
        hub.add(Counting(), {"project:1": 1})
    hub.publish([row(1), row(2)])
    assert written == [1, 2]


def test_the_position_is_the_newest_row(hub: Hub) -> None:
    hub.publish([row(5)])
    hub.publish([Message.signal("project:1", "typing", 1, {})])
    assert hub.position == 5


def test_who_is_added_is_told_the_position_and_gets_what_is_after_it(hub: Hub) -> None:
    hub.publish([row(5)])
    alice = Fake()
    assert hub.add(alice, {"project:1": 1}) == 5
    hub.publish([row(6)])
    assert alice.got == ["6"]


def test_who_has_seen_a_newer_row_is_added_when_it_has_been_published(hub: Hub) -> None:
    alice, positions = Fake(), []
    adding = threading.Thread(target=lambda: positions.append(hub.add(alice, {"project:1": 1}, 2)))
    adding.start()
    hub.publish([row(1)])
    hub.publish([row(2)])
    adding.join()
    assert (positions, alice.got) == ([2], [])


def test_following_twice_is_following_once(hub: Hub) -> None:
    alice = following(hub)
    hub.add(alice, {"project:1": 1})
    hub.publish([row(1)])
    assert alice.got == ["1"]


def test_who_removed_a_topic_gets_nothing_of_it(hub: Hub) -> None:
    alice = following(hub, "project:1", "project:2")
    assert hub.remove(alice, "project:1")
    hub.publish([row(1), row(2, "project:2")])
    assert alice.got == ["2"]


def test_removing_what_was_not_followed_says_so(hub: Hub) -> None:
    assert not hub.remove(following(hub), "project:2")


def test_who_has_left_gets_nothing(hub: Hub) -> None:
    alice = following(hub)
    hub.leave(alice)
    hub.publish([row(1)])
    assert alice.got == []


def test_leaving_twice_is_leaving_once(hub: Hub) -> None:
    alice = following(hub)
    hub.leave(alice)
    hub.leave(alice)
    assert signals(hub) == [("user.joined", 1), ("user.left", 1)]


# -- presence -------------------------------------------------------------------------------------


def test_the_first_connection_joins_and_the_last_one_leaves(hub: Hub) -> None:
    tabs = [following(hub) for _ in range(3)]
    for tab in tabs:
        hub.leave(tab)
    assert signals(hub) == [("user.joined", 1), ("user.left", 1)]


def test_a_person_is_present_once_however_many_connections_they_have(hub: Hub) -> None:
    for _ in range(3):
        following(hub)
    following(hub, user_id=2, name="Bob")
    assert hub.present("project:1") == [
        {"user_id": 1, "name": "Alice"},
        {"user_id": 2, "name": "Bob"},
    ]


def test_who_is_hidden_is_not_present(hub: Hub) -> None:
    hub.add(Hidden(), {"project:1": 1})
    assert (hub.present("project:1"), signals(hub)) == ([], [])


def test_nobody_is_present_in_an_unknown_topic(hub: Hub) -> None:
    assert hub.present("project:9") == []


# -- rights ---------------------------------------------------------------------------------------


def correct(hub: Hub, kind: str, project_id: int | None = 1, **data: Any) -> None:
    hub.correct(Message("any:1", kind, 1, data, utcnow(), 9, project_id=project_id))


def test_a_removed_member_is_dropped_from_all_topics_of_the_project(hub: Hub) -> None:
    bob = following(hub, "project:1", "workspace:3", user_id=2)
    hub.add(bob, {"project:2": 2, "user:2": None})
    correct(hub, "member.removed", user_id=2)
    hub.publish([row(1), row(2, "workspace:3"), row(3, "project:2"), row(4, "user:2")])
    dropped, told = bob.story[:2], bob.story[2:]
    assert {topic for _, topic, _ in dropped} == {"project:1", "workspace:3"}
    assert told == ["3", "4"]


def test_others_stay_when_a_member_is_removed(hub: Hub) -> None:
    others = [following(hub, user_id=key) for key in range(10, 20)]
    removed = [following(hub, user_id=2) for _ in range(3)]  # in whichever order they are met
    correct(hub, "member.removed", user_id=2)
    hub.publish([row(1)])
    assert [one.story for one in others] == [["1"]] * len(others)
    dropped = [("dropped", "project:1", "member.removed")]
    assert [one.story for one in removed] == [dropped] * len(removed)


def test_everybody_is_dropped_from_a_deleted_project(hub: Hub) -> None:
    people = [following(hub, user_id=1), following(hub, user_id=2)]
    correct(hub, "project.deleted")
    assert [one.story for one in people] == [[("dropped", "project:1", "project.deleted")]] * 2


def test_a_deleted_workspace_takes_its_own_topic_only(hub: Hub) -> None:
    alice = following(hub, "project:1", "workspace:3", "workspace:4")
    correct(hub, "workspace.deleted", workspace_id=3)
    assert set(alice.topics) == {"project:1", "workspace:4"}
    assert alice.story == [("dropped", "workspace:3", "workspace.deleted")]


def test_a_changed_role_takes_nothing(hub: Hub) -> None:
    alice = following(hub)
    correct(hub, "member.role_changed", user_id=1, role="viewer")
    assert (alice.story, set(alice.topics)) == ([], {"project:1"})


def test_a_revoked_session_ends_its_connections_only(hub: Hub) -> None:
    ended, other = following(hub, session_id=5), following(hub, session_id=6)
    correct(hub, "session.revoked", None, session_id=5)
    assert (ended.story, other.story) == ([("ended", 4401, "session.revoked")], [])


@pytest.mark.parametrize(
    ("kind", "code"), [("account.disabled", 4401), ("account.role_changed", 4503)]
)
def test_an_accounts_connections_end_in_all_its_sessions(kind: str, code: int, hub: Hub) -> None:
    mine = [following(hub, session_id=key) for key in (5, 6)]
    other = following(hub, user_id=2)
    correct(hub, kind, None, user_id=1)
    assert [one.story for one in (*mine, other)] == [[("ended", code, kind)]] * 2 + [[]]


def test_an_ended_connection_gets_nothing_more(hub: Hub) -> None:
    alice = following(hub)
    correct(hub, "session.revoked", None, session_id=1)
    hub.publish([row(1)])
    assert alice.got == []


def test_a_connection_that_follows_nothing_ends_with_its_session_too(hub: Hub) -> None:
    alice = Fake(session_id=5)
    hub.enter(alice)
    correct(hub, "session.revoked", None, session_id=5)
    assert alice.story == [("ended", 4401, "session.revoked")]


def test_a_correction_makes_cached_rights_stale() -> None:
    bell = Bell()
    for number, kind in enumerate(corrections(), 1):
        data = {"user_id": 1, "session_id": 1, "workspace_id": 1, "file_id": 1}
        correct(Hub(bell), kind, **data)
        assert bell.rights_epoch == number


# -- the end --------------------------------------------------------------------------------------


def test_closing_ends_everybody(hub: Hub) -> None:
    alice, bob = following(hub), following(hub, user_id=2)
    hub.close()
    assert [one.story for one in (alice, bob)] == [[("ended", 1001, STOPPING_REASON)]] * 2


def test_who_enters_a_closed_hub_is_ended_at_once(hub: Hub) -> None:
    hub.close()
    alice = Fake()
    hub.enter(alice)
    assert alice.story == [("ended", 1001, STOPPING_REASON)]
