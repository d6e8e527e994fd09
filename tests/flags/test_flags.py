"""Features are switched by an admin while the service runs, for all or for some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.flags.service import FEATURES, Flag, bucket

from ..conftest import http_for
from ..execution.support import needs_bubblewrap
from ..support.jobs import Desk
from ..support.people import BASE, Person, ok
from ..support.sockets import Socket

#: An address of each feature that has routes of its own.
ADDRESSES = {
    "tasks": "/tasks",
    "posts": "/collections",
    "notifications": "/notifications",
    "activity": "/activity",
    "search": "/search?q=x",
}


def switched(admin: Person, name: str, **state: Any) -> dict[str, Any]:
    return ok(admin.put(f"/flags/{name}", {"enabled": True} | state))


def test_everybody_sees_which_features_they_have(bob: Person) -> None:
    items = ok(bob.get("/flags"))["items"]
    assert {item["name"]: item["on"] for item in items} == dict.fromkeys(FEATURES, True)


def test_a_feature_is_on_as_its_setting_says(make_app: Callable[..., Flask], bob: Person) -> None:
    with http_for(make_app(FEATURE_TASKS="off")) as http:
        flag = ok(bob.at(http).get("/flags/tasks"))
    assert (flag["enabled"], flag["default"], flag["overridden"]) == (False, False, False)


def test_an_unknown_feature_is_not_found(bob: Person, ada: Person) -> None:
    assert bob.get("/flags/teleport").status_code == 404
    assert ada.put("/flags/teleport", {"enabled": True}).status_code == 404


@pytest.mark.parametrize("feature", ADDRESSES)
def test_what_is_switched_off_is_not_found_and_says_so(
    ada: Person, bob: Person, feature: str
) -> None:
    switched(ada, feature, enabled=False)
    answer = bob.get(ADDRESSES[feature])
    problem = answer.json()
    assert answer.status_code == 404
    assert feature in problem["detail"]
    assert problem["type"].endswith("feature-off")


@pytest.mark.parametrize("feature", ADDRESSES)
def test_what_is_switched_on_again_is_there_at_once(ada: Person, bob: Person, feature: str) -> None:
    switched(ada, feature, enabled=False)
    switched(ada, feature, enabled=True)
    assert bob.get(ADDRESSES[feature]).status_code == 200


def test_an_admin_turns_on_what_a_setting_turned_off(
    make_app: Callable[..., Flask], ada: Person, bob: Person
) -> None:
    with http_for(make_app(FEATURE_TASKS="off")) as http:
        before = bob.at(http).get("/tasks").status_code
        switched(ada.at(http), "tasks")
        assert (before, bob.at(http).get("/tasks").status_code) == (404, 200)


def test_given_back_its_setting_holds_again(ada: Person) -> None:
    switched(ada, "tasks", enabled=False)
    assert ada.delete("/flags/tasks").status_code == 204
    flag = ok(ada.get("/flags/tasks"))
    assert (flag["enabled"], flag["overridden"]) == (True, False)


def test_a_part_that_is_not_sent_stays(ada: Person) -> None:
    switched(ada, "tasks", percentage=30)
    flag = ok(ada.patch("/flags/tasks", {"enabled": False}))
    assert (flag["enabled"], flag["percentage"]) == (False, 30)


def test_a_lost_update_is_refused(ada: Person) -> None:
    tag = ada.get("/flags/tasks").headers["ETag"]
    switched(ada, "tasks", percentage=30)
    stale = ada.put("/flags/tasks", {"enabled": False}, headers={"If-Match": tag})
    assert stale.status_code == 412


def test_a_feature_at_a_percentage_is_on_for_those_and_off_for_the_others(
    ada: Person, alice: Person, bob: Person, charlie: Person, vera: Person
) -> None:
    everybody = [ada, alice, bob, charlie, vera]
    border = sorted(bucket("tasks", one.id) for one in everybody)[2]
    switched(ada, "tasks", percentage=border)
    for one in everybody:
        on = bucket("tasks", one.id) < border
        assert one.get("/tasks").status_code == (200 if on else 404)
        assert ok(one.get("/flags/tasks"))["on"] is on


@given(user_id=st.integers(1, 2**63 - 1), low=st.integers(0, 100), high=st.integers(0, 100))
def test_whoever_has_a_feature_keeps_it_as_the_percentage_grows(
    user_id: int, low: int, high: int
) -> None:
    low, high = sorted((low, high))
    small, large = (Flag("tasks", True, one, True) for one in (low, high))
    assert not small.on_for(user_id) or large.on_for(user_id)


@given(user_id=st.integers(1, 2**63 - 1))
def test_none_have_it_at_0_and_all_at_100(user_id: int) -> None:
    assert not Flag("tasks", True, 0, True).on_for(user_id)
    assert Flag("tasks", True, 100, True).on_for(user_id)
    assert not Flag("tasks", False, 100, True).on_for(user_id)


def test_a_percentage_is_met_by_about_as_many() -> None:
    flag = Flag("tasks", True, 25, True)
    having = sum(flag.on_for(user_id) for user_id in range(1, 10_001))
    assert 2300 < having < 2700


def test_the_parts_of_two_features_are_different_people() -> None:
    assert [bucket("tasks", one) for one in range(50)] != [
        bucket("posts", one) for one in range(50)
    ]


def test_who_is_not_signed_in_has_only_what_all_have(ada: Person, nobody: Person) -> None:
    switched(ada, "posts", percentage=99)
    assert nobody.get("/posts").status_code == 404
    switched(ada, "posts", percentage=100)
    assert nobody.get("/posts").status_code == 200


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"enabled": "yes"},
        {"enabled": 1},
        {"enabled": True, "percentage": 101},
        {"enabled": True, "percentage": -1},
        {"enabled": True, "percentage": 12.5},
    ],
)
def test_a_state_that_is_none_is_refused(ada: Person, state: dict[str, Any]) -> None:
    assert ada.put("/flags/tasks", state).status_code == 422


def test_a_change_is_told_to_who_follows_the_flags(
    ada: Person, bob: Person, connect: Callable[..., Socket]
) -> None:
    ws = connect(bob, topic="flags")
    ws.expect("subscribed")
    switched(ada, "tasks", percentage=30)
    event = ws.expect("flag.changed")
    assert (event["actor"], event["data"]) == (
        ada.id,
        {"name": "tasks", "enabled": True, "percentage": 30, "overridden": True},
    )


def test_nothing_is_told_if_nothing_changed(ada: Person) -> None:
    switched(ada, "tasks", percentage=30)
    switched(ada, "tasks", percentage=30)
    events = ok(ada.get("/events", params={"topic": "flags"}))["items"]
    assert [event["type"] for event in events] == ["flag.changed"]


def test_nobody_publishes_on_the_flags(ada: Person) -> None:
    body = {"type": "activity", "topic": "flags"}
    assert ada.post("/events", body).status_code == 403


def test_another_process_learns_of_a_change(
    quiet: Callable[..., Any], over: Callable[..., Person], ada: Person, bob: Person
) -> None:
    """Two servers on one database: the second one hears of it from the log."""
    first, second = quiet(), quiet()
    assert over(second, bob).get("/tasks").status_code == 200
    switched(over(first, ada), "tasks", enabled=False)
    follower = over(second, bob)
    for _ in range(100):
        if follower.get("/tasks").status_code == 404:
            break
        # A long poll, so that no time is slept away.
        follower.get("/events", params={"topic": "flags", "wait": 1, "after": 10**6})
    assert follower.get("/tasks").status_code == 404


class TestCode:
    """A job type that is a feature."""

    def test_who_does_not_have_it_cannot_submit(self, ada: Person, bob: Person) -> None:
        switched(ada, "code_execution", enabled=False)
        body = {"type": "code_execution", "payload": {"language": "python", "code": "print(1)"}}
        answer = bob.post("/jobs", body)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/feature-off")

    @needs_bubblewrap
    def test_what_waits_when_it_is_switched_off_is_not_run(
        self, ada: Person, bob: Person, desk: Desk
    ) -> None:
        body = {"type": "code_execution", "payload": {"language": "python", "code": "print(1)"}}
        job = ok(bob.post("/jobs", body))["id"]
        switched(ada, "code_execution", enabled=False)
        desk.work()
        ended = ok(bob.get(f"/jobs/{job}"))
        assert (ended["status"], ended["error"]["code"]) == ("failed", "unavailable")

    def test_the_type_says_that_it_is_off(self, ada: Person, bob: Person) -> None:
        switched(ada, "code_execution", enabled=False)
        types = {one["name"]: one for one in ok(bob.get("/jobs/types"))["items"]}
        assert types["code_execution"]["available"] is False
        assert "switched off" in types["code_execution"]["reason"]
        assert types["report"]["available"] is True


def test_short_names_lead_to_the_flags(bob: Person) -> None:
    assert bob.get(f"{BASE}/flags/").status_code == bob.get("/api/flags").status_code == 200
