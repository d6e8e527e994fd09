"""Told live, once, through races and crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from collab.events.catalogue.tasks import TaskAssigned
from collab.events.models import EventRow
from collab.extensions import db
from collab.notifications.models import Notification

from ..support import history
from ..support.notes import Notes
from ..support.people import Person, ok
from ..support.servers import PLAIN, ProcessServer, ThreadServer
from ..support.sockets import Socket
from ..support.waiting import eventually


def test_a_socket_is_told_when_there_is_something_to_know(
    serve: Callable[..., ThreadServer],
    over: Callable[..., Person],
    alice: Person,
    bob: Person,
) -> None:
    running = serve(NOTIFIER="on")
    at = over(running, bob)
    ok(at.get("/notifications"))
    with Socket(running.url, path="/ws/notifications", token=bob.token) as ws:
        over(running, alice).makes_project(name="Hush", bob="viewer")
        event = ws.expect("notification.created")
        one = ok(at.get(f"/notifications/{event['data']['notification_id']}"))
        ok(at.post("/notifications/read", {"all": True}))
        read = ws.expect("notification.read")
    assert one["text"] == "Alice added you to “Hush” as a viewer."
    assert event["topic"] == f"user:{bob.id}"
    assert (event["data"]["unread"], read["data"]["unread"]) == (1, 0)


def test_what_is_told_live_names_ids_and_the_kind_alone(
    notes: Notes, alice: Person, bob: Person
) -> None:
    alice.makes_project(name="Hush", bob="viewer")
    (one,) = notes.told(bob)
    row = history.row_of(notes.app, "notification.created")
    expected = {"user_id": bob.id, "notification_id": one["id"], "kind": "invited", "unread": 1}
    assert (row.data, row.actor, row.project_id) == (expected, None, None)


def test_who_was_removed_is_told_nothing_live(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    notes.catch_up()
    before = history.ids(notes.app, f"user:{bob.id}")
    task = notes.task(alice, project, bob)
    notes.happens(assigned(task, alice, project, bob), actor=alice)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    notes.catch_up()
    assert history.ids(notes.app, f"user:{bob.id}") == before


def assigned(task: int, owner: Person, project: int | None, to: Person) -> TaskAssigned:
    where = {"task_id": task, "owner_id": owner.id, "project_id": project, "title": "Launch"}
    return TaskAssigned(**where, assignee_id=to.id, mentioned=[])


def notified(app: Flask, kind: str) -> list[int]:
    """Return the notifications of a kind that were told live; a server also tells what is due."""
    rows = [row.data for row in history.rows(app) if row.type == "notification.created"]
    return [data["notification_id"] for data in rows if data["kind"] == kind]


def made(app: Flask, kind: str) -> list[Any]:
    """Return the notifications of a kind, in their order."""
    with app.app_context():
        table = Notification.__table__.c
        query = select(table.id, table.event_id).where(table.kind == kind).order_by(table.id)
        return list(db.session.execute(query).all())


def test_two_applications_that_race_make_each_once(
    make_app: Callable[..., Flask], notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    notes.catch_up()
    others = [Notes(make_app()) for _ in range(2)]
    task = notes.task(alice, project, bob)
    event = assigned(task, alice, project, bob)
    keys: list[int] = []
    writer = threading.Thread(
        target=lambda: [keys.extend(notes.happens(*[event] * 5, actor=alice)) for _ in range(20)]
    )

    def follow(one: Notes) -> None:
        while writer.is_alive():
            one.catch_up()
        one.catch_up()

    threads = [writer, *(threading.Thread(target=follow, args=[one]) for one in others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = made(notes.app, "assigned")
    assert [row.event_id for row in found] == keys
    assert notified(notes.app, "assigned") == [row.id for row in found]


def test_a_storm_of_assignments_is_told_once_each_though_the_server_is_killed(
    quiet: Callable[..., ProcessServer], notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    notes.catch_up()
    task = notes.task(alice, project, bob)
    event = assigned(task, alice, project, bob)
    server = quiet(NOTIFIER="on")
    keys: list[int] = []
    over = threading.Event()

    def storm() -> None:
        for _ in range(60):
            keys.extend(notes.happens(*[event] * 10, actor=alice))
        over.set()

    writer = threading.Thread(target=storm)
    writer.start()
    for count in (1, 150):
        eventually(lambda count=count: len(made(notes.app, "assigned")) >= count or over.is_set())
        server.kill()
        server.start()
    writer.join()
    eventually(lambda: len(made(notes.app, "assigned")) >= len(keys))
    found = made(notes.app, "assigned")
    assert [row.event_id for row in found] == keys
    assert notified(notes.app, "assigned") == [row.id for row in found]


def test_what_was_told_before_the_first_start_is_not_told_anew(
    quiet: Callable[..., ProcessServer], over: Callable[..., Person], alice: Person, bob: Person
) -> None:
    alice.makes_project(bob="viewer")
    server = quiet(NOTIFIER="on")
    bob_there = over(server, bob)
    over(server, alice).makes_project(name="New", bob="viewer")
    found = eventually(lambda: ok(bob_there.get("/notifications"))["items"])
    assert [one["text"] for one in found] == ["Alice added you to “New” as a viewer."]


def test_a_server_says_that_it_makes_notifications(process: Callable[..., ProcessServer]) -> None:
    import httpx

    checks = httpx.get(process().url + "/ready", **PLAIN).json()["checks"]
    assert checks["notifications"] == "ok"


def test_an_event_that_breaks_the_rules_does_not_stop_the_others(
    notes: Notes, alice: Person, bob: Person, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"topic": "user:1", "type": "task.commented", "data": {"task_id": "?"}}
    with notes.app.app_context():
        db.session.execute(insert(EventRow), [row])
        db.session.execute(insert(EventRow), [row | {"type": "member.added", "data": {}}])
        db.session.commit()
    alice.makes_project(bob="viewer")
    assert notes.kinds(bob) == ["invited"]
    assert "continues after it" in caplog.text
