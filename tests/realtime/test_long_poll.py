"""Reading the log over plain HTTP, and waiting for what comes next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.events import log
from collab.realtime.transport.live import LIVE

from ..support import history
from ..support.each import each
from ..support.people import Person, ok
from ..support.waiting import PATIENCE, eventually


@pytest.fixture
def waiting(server: Any, bob: Person, over: Any) -> Any:
    """Return a way to poll in the background: it returns a way to get the answer."""

    def poll(**query: Any) -> Callable[[], Any]:
        answers: list[Any] = []
        caller = over(server, bob)
        get = lambda: answers.append(ok(caller.get("/events", params=query)))  # noqa: E731
        thread = threading.Thread(target=get)
        thread.start()
        eventually(lambda: LIVE.of(server.app).capacity.used or answers)

        def answer() -> Any:
            thread.join(PATIENCE)
            return answers[0]

        return answer

    return poll


# -- pages ----------------------------------------------------------------------------------------


def test_events_are_listed_oldest_first(alice: Person, project: int, app: Flask) -> None:
    page = ok(alice.get("/events", params={"project_id": project}))
    assert [int(one["id"]) for one in page["items"]] == history.ids(app, f"project:{project}")


def test_the_newest_come_first_when_asked_for(alice: Person, project: int, app: Flask) -> None:
    page = ok(alice.get("/events", params={"project_id": project, "sort": "-id"}))
    wanted = history.ids(app, f"project:{project}")[::-1]
    assert [int(one["id"]) for one in page["items"]] == wanted


@pytest.mark.parametrize("sort", ["id", "-id"])
def test_pages_give_every_event_once(sort: str, alice: Person, project: int, app: Flask) -> None:
    history.fill(app, project, 25)
    found: list[int] = []
    query: dict[str, Any] | None = {"project_id": project, "limit": 4, "sort": sort}
    while query:
        page = ok(alice.get("/events", params=query))
        found += [int(one["id"]) for one in page["items"]]
        query = page["next_cursor"] and query | {"cursor": page["next_cursor"]}
    wanted = history.ids(app, f"project:{project}")
    assert found == (wanted if sort == "id" else wanted[::-1])


@pytest.mark.parametrize("spelling", ["file.changed", "file_changed"])
def test_a_type_may_be_asked_for_in_both_spellings(
    spelling: str, alice: Person, project: int
) -> None:
    told = alice.tells(project, n=1)
    page = ok(alice.get("/events", params={"project_id": project, "type": spelling}))
    assert [one["id"] for one in page["items"]] == [str(told)]


def test_without_a_topic_one_gets_what_concerns_oneself_and_nothing_else(
    alice: Person, bob: Person, charlie: Person, project: int, app: Flask
) -> None:
    other = alice.makes_project("Other", bob="viewer")
    charlie.makes_project("Charlie's")
    page = ok(bob.get("/events", params={"limit": 100}))
    topics = [f"user:{bob.id}", f"project:{project}", f"project:{other}"]
    assert [int(one["id"]) for one in page["items"]] == history.ids(app, *topics)


def test_an_envelope_is_a_cloud_event(alice: Person, project: int) -> None:
    told = alice.tells(project, n=1)
    page = ok(alice.get("/events", params={"project_id": project, "after": told - 1}))
    event = page["items"][0]
    assert event | {"time": ""} == {
        "specversion": "1.0",
        "id": str(told),
        "source": "/api/v1/events",
        "type": "file.changed",
        "time": "",
        "datacontenttype": "application/json",
        "topic": f"project:{project}",
        "actor": alice.id,
        "data": {"n": 1},
    }


def test_a_reader_who_missed_what_was_pruned_is_told_so(
    alice: Person, project: int, app: Flask
) -> None:
    first, _ = alice.tells(project, n=1), alice.tells(project, n=2)
    with app.app_context():
        log.prune(timedelta(0), utcnow() + timedelta(seconds=1))
    page = ok(alice.get("/events", params={"project_id": project, "after": first}))
    assert page["recovered"] is False


@each(
    [
        {"after": -1},
        {"after": "x"},
        {"after": 2**63},
        {"cursor": "x"},
        {"wait": -1},
        {"wait": 31},
        {"limit": 0},
        {"limit": 101},
        {"sort": "time"},
        {"type": ""},
        {"topic": ""},
        {"project_id": 0},
    ]
)
def test_an_odd_query_is_refused(query: dict[str, Any], *, alice: Person) -> None:
    assert alice.get("/events", params=query).status_code == 422


# -- waiting --------------------------------------------------------------------------------------


def test_a_long_poll_with_something_to_tell_answers_at_once(
    alice: Person, bob: Person, project: int, waiting: Any
) -> None:
    told = alice.tells(project, n=1)
    page = waiting(project_id=project, after=told - 1, wait=30)()
    assert [one["id"] for one in page["items"]] == [str(told)]


def test_a_long_poll_answers_when_something_happens(
    alice: Person, project: int, app: Flask, waiting: Any
) -> None:
    answer = waiting(project_id=project, after=history.ids(app)[-1], wait=30)
    told = alice.tells(project, n=1)
    assert [one["id"] for one in answer()["items"]] == [str(told)]


def test_a_long_poll_of_everything_answers_when_something_happens(
    alice: Person, project: int, app: Flask, waiting: Any
) -> None:
    answer = waiting(after=history.ids(app)[-1], wait=30)
    told = alice.tells(project, n=1)
    assert [one["id"] for one in answer()["items"]] == [str(told)]


def test_a_long_poll_goes_on_waiting_when_something_else_happens(
    alice: Person, project: int, app: Flask, waiting: Any
) -> None:
    last = history.ids(app)[-1]
    answer = waiting(project_id=project, type="activity", after=last, wait=30)
    alice.tells(project, n=1)
    body = {"type": "activity", "project_id": project}
    wanted = ok(alice.post("/events", body))["id"]
    assert [one["id"] for one in answer()["items"]] == [wanted]


def test_a_long_poll_is_not_woken_by_a_signal(
    alice: Person, project: int, app: Flask, waiting: Any
) -> None:
    answer = waiting(project_id=project, after=history.ids(app)[-1], wait=1)
    ok(alice.post("/events", {"type": "typing", "project_id": project}))
    assert answer()["items"] == []


def test_a_long_poll_whose_time_is_over_is_empty(bob: Person, app: Flask, waiting: Any) -> None:
    last = history.ids(app)[-1]
    assert waiting(after=last, wait=1)() == {
        "items": [],
        "next_cursor": None,
        "last_id": last,
        "recovered": True,
    }


def test_a_long_poll_answers_when_the_server_stops(project: int, app: Flask, waiting: Any) -> None:
    answer = waiting(project_id=project, after=history.ids(app)[-1], wait=30)
    LIVE.of(app).close()
    assert answer()["items"] == []


def test_a_long_poll_that_comes_while_the_server_stops_answers_at_once(
    project: int, app: Flask, waiting: Any
) -> None:
    LIVE.of(app).close()
    assert waiting(project_id=project, after=history.ids(app)[-1], wait=30)()["items"] == []


def test_a_long_poll_of_a_workspace_is_refused_when_it_is_deleted(
    alice: Person, bob: Person, project: int, app: Flask, over: Any, server: Any
) -> None:
    workspace = alice.makes_workspace(project)
    answers: list[int] = []
    caller = over(server, bob)
    query = {"topic": f"workspace:{workspace}", "wait": 30}
    get = lambda: answers.append(caller.get("/events", params=query).status_code)  # noqa: E731
    thread = threading.Thread(target=get)
    thread.start()
    eventually(lambda: LIVE.of(app).capacity.used)
    ok(alice.delete(f"/workspaces/{workspace}"))
    thread.join()
    assert answers == [404]


def test_long_polls_one_after_the_other_miss_nothing(
    alice: Person, bob: Person, project: int, app: Flask, server: Any
) -> None:
    start = history.ids(app)[-1]
    found, after = [], start
    told = [alice.tells(project, n=n) for n in range(30)]
    while after < told[-1]:
        query = {"project_id": project, "after": after, "wait": 30, "limit": 7}
        page = ok(bob.get("/events", params=query))
        found += [int(one["id"]) for one in page["items"]]
        after = page["last_id"]
    assert found == told
