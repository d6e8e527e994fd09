"""A spent quota is said on every door, and nothing of what was refused is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from flask import Flask
from pycrdt import Text

from collab.core.usage import quota
from collab.core.usage.models import PERSON, PROJECT

from ..support.history import fill
from ..support.jobs import Desk, strange
from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.servers import ThreadServer
from ..support.sockets import Closed, Socket
from ..support.work import seen
from ..support.yjs import YjsEditor
from ..support.zips import packed
from ..uploads.disk import files_in
from .counts import counted, recounted

MIB = 2**20
LARGE = "x" * 40_000
RESERVE = int(MIB * quota.RESERVE_SHARE)


@pytest.fixture
def full(app: Flask) -> Flask:
    """Return an application in which everybody and everything may keep 1 MiB."""
    app.config.update(PERSON_QUOTA_MB=1, PROJECT_QUOTA_MB=1)
    return app


@pytest.fixture
def me(full: Flask, alice: Person) -> Person:
    """Return alice, as she calls it."""
    assert full.config["PERSON_QUOTA_MB"] == 1
    return alice


def spend(app: Flask, project_id: int, left: int = 1000) -> None:
    """Let a project keep all but so many bytes of what it may, by what nobody did."""
    with app.app_context():
        used = quota.used_by(PROJECT, project_id)
    fill(app, project_id, 1, MIB - used - left - 300, actor=0)


def refused(answer: httpx.Response, whose: str = "project") -> None:
    told = problem(answer, 413)
    assert (told["quota"], told["limit"]) == (whose, MIB)
    assert 0 < told["used"] <= MIB + RESERVE


Door = Callable[[Person, dict[str, Any]], httpx.Response]

DOORS: dict[str, Door] = {
    "an event": lambda who, at: who.post(
        "/events", {"type": "x_y", "project_id": at["project"], "payload": {"a": LARGE}}
    ),
    "a job": lambda who, at: who.post(
        "/jobs", {"type": "test_echo", "payload": {"value": LARGE}, "project_id": at["project"]}
    ),
    "an upload": lambda who, at: who.request(
        "POST", f"/uploads?project_id={at['project']}", content=LARGE.encode()
    ),
    "a task": lambda who, at: who.post(
        "/tasks", {"title": "T", "description": LARGE[:9000], "project_id": at["project"]}
    ),
    "a change of a task": lambda who, at: who.patch(
        f"/tasks/{at['task']}", {"description": LARGE[:9000]}
    ),
    "a comment": lambda who, at: who.post(f"/tasks/{at['task']}/comments", {"body": LARGE[:9000]}),
    "settings": lambda who, at: who.patch(f"/workspaces/{at['desk']}", {"settings": {"a": LARGE}}),
    "a text": lambda who, at: who.post(
        f"/workspaces/{at['desk']}/files", {"path": "n.txt", "content": LARGE}
    ),
    "a text that is replaced": lambda who, at: who.request(
        "PUT", f"/files/{at['text']}/content", content=LARGE.encode()
    ),
    "an edit": lambda who, at: who.patch(
        f"/files/{at['text']}/content", {"base_version": 1, "edits": [{"insert": LARGE}]}
    ),
    "a restored version": lambda who, at: who.post(f"/files/{at['long']}/restore", {"version": 1}),
    "an undo": lambda who, at: who.post(f"/files/{at['long']}/undo", {"from_version": 2}),
    "bytes": lambda who, at: who.request(
        "POST", f"/workspaces/{at['desk']}/files?path=b", content=b"\0" * 40_000
    ),
    "bytes that are replaced": lambda who, at: who.request(
        "PUT", f"/files/{at['bytes']}/content", content=b"\0" * 40_000
    ),
    "an archive": lambda who, at: who.request(
        "POST",
        f"/workspaces/{at['desk']}/archive",
        content=packed(("n.txt", LARGE.encode()), ("n.bin", b"\0" * 40_000)),
    ),
}


@made_once
def place(alice: Person, project: int) -> dict[str, Any]:
    """Return a project with something of everything in it."""
    desk = alice.makes_workspace(project)
    at = {"project": project, "desk": desk}
    at["task"] = ok(alice.post("/tasks", {"title": "T", "project_id": project}))["id"]
    at["text"] = alice.makes_file(desk, "a.txt", "short")["id"]
    at["long"] = alice.makes_file(desk, "l.txt", LARGE)["id"]
    ok(alice.request("PUT", f"/files/{at['long']}/content", content=b""))
    at["bytes"] = alice.sends_file(desk, "b.bin", b"\0")["id"]
    return at


def test_a_full_project_refuses_and_keeps_nothing(
    full: Flask, me: Person, place: dict[str, Any], instance: Any
) -> None:
    spend(full, place["project"])
    before = counted(full), files_in(instance)
    kept = {}
    for name, door in DOORS.items():
        refused(door(me, place))
        kept[name] = counted(full), files_in(instance)
    assert {name: after for name, after in kept.items() if after != before} == {}
    assert counted(full) == recounted(full)


PERSONAL: dict[str, Door] = {
    "an event": lambda who, at: who.post(
        "/events", {"type": "x_y", "topic": f"user:{who.id}", "payload": {"a": LARGE}}
    ),
    "an event that everybody may follow": lambda who, at: who.post(
        "/events", {"type": "x_y", "topic": f"job:{at['job']}", "payload": {"a": LARGE}}
    ),
    "a job": lambda who, at: who.post("/jobs", {"type": "test_echo", "payload": {"value": LARGE}}),
    "an upload": lambda who, at: who.request("POST", "/uploads", content=LARGE.encode()),
    "a task": lambda who, at: who.post("/tasks", {"title": "T", "description": LARGE[:9000]}),
    "a post": lambda who, at: who.post("/posts", {"title": "T", "body": LARGE[:9000]}),
    "a text in another's project": lambda who, at: who.post(
        f"/workspaces/{at['desk']}/files", {"path": "n.txt", "content": LARGE}
    ),
}


@pytest.mark.parametrize("door", PERSONAL.values(), ids=PERSONAL)
def test_a_person_who_keeps_all_they_may_is_refused(
    full: Flask, me: Person, place: dict[str, Any], door: Door, bob: Person
) -> None:
    he = bob.at(me.http)
    place["job"] = he.submits()["id"]
    with full.app_context():
        used = quota.used_by(PERSON, he.id)
    elsewhere = fill(full, 0, 1, MIB - used - 1300, actor=he.id)
    before = counted(full)
    refused(door(he, place), "person")
    assert elsewhere
    assert counted(full) == before
    assert me.post("/tasks", {"title": "T", "description": LARGE[:9000]}).status_code == 201


def test_a_full_project_lets_people_tidy_up(
    full: Flask, me: Person, place: dict[str, Any], alice: Person
) -> None:
    spend(full, place["project"], left=0)
    project = f"/projects/{place['project']}"
    bob_id = next(
        one["user_id"]
        for one in ok(me.get(f"{project}/members"))["items"]
        if one["email"] == "bob@example.com"
    )
    ok(me.patch(f"{project}/members/{bob_id}", {"role": "viewer"}))
    ok(me.post("/tasks", {"title": "A small one", "project_id": place["project"]}))
    for gone in (f"/tasks/{place['task']}", f"/files/{place['long']}", f"/files/{place['bytes']}"):
        assert me.delete(gone).status_code == 204
    assert me.delete(f"{project}/members/{bob_id}").status_code == 204
    assert me.post("/events", {"type": "x_y", "project_id": place["project"]}).status_code == 201
    assert me.delete(project).status_code == 204


def test_nobody_trades_many_small_rows_for_a_long_text(full: Flask, me: Person) -> None:
    tags = [f"tag{number}" for number in range(20)]
    task = ok(me.post("/tasks", {"title": "T", "tags": tags}))["id"]
    with full.app_context():
        used = quota.used_by(PERSON, me.id)
    fill(full, 0, 1, MIB - used - 1300, actor=me.id)
    refused(me.patch(f"/tasks/{task}", {"tags": [], "description": LARGE[:18_000]}), "person")
    ok(me.patch(f"/tasks/{task}", {"tags": []}))


def test_even_small_things_end_somewhere(full: Flask, me: Person, place: dict[str, Any]) -> None:
    spend(full, place["project"], left=0)
    event = {"type": "x_y", "project_id": place["project"], "payload": {"a": "x" * 3000}}
    answers = [me.post("/events", event).status_code for _ in range(30)]
    taken = answers.count(201)
    assert answers == [201] * taken + [413] * (30 - taken)
    assert taken <= RESERVE // 3000
    assert me.delete(f"/tasks/{place['task']}").status_code == 204


def test_a_spent_quota_locks_nobody_out(full: Flask, me: Person) -> None:
    fill(full, 0, 1, 2 * MIB, actor=me.id)
    again = me.logs_in()
    ok(again.post("/auth/refresh", {"refresh_token": again.refresh_token}))
    assert again.post("/auth/logout").status_code in (204, 401)


# -- live doors -----------------------------------------------------------------------------------


@pytest.fixture
def live(full: Flask) -> Iterator[ThreadServer]:
    with ThreadServer(full) as running:
        yield running


def test_a_socket_is_told_and_goes_on(
    full: Flask, live: ThreadServer, me: Person, place: dict[str, Any]
) -> None:
    spend(full, place["project"])
    socket = Socket(live.url, token=me.token)
    topic = f"project:{place['project']}"
    told = socket.ask("x_y", topic=topic, payload={"a": LARGE})
    assert (told["type"], told["status"], told["quota"]) == ("error", 413, "project")
    edit = {"file_id": place["text"], "base_version": 1, "edits": [{"insert": LARGE}]}
    told = socket.ask("file.edit", **edit)
    assert (told["type"], told["status"]) == ("error", 413)
    assert socket.ask("x_y", topic=topic, payload={"a": "small"})["type"] == "published"
    socket.close()


def test_an_editor_is_closed_for_good(
    full: Flask, live: ThreadServer, me: Person, place: dict[str, Any]
) -> None:
    spend(full, place["project"])
    editor = YjsEditor(live.url, place["text"], token=me.token).sync()
    before = counted(full)
    editor.edit(0, LARGE)
    assert editor.wait_closed().code == 4413
    editor.close()
    assert me.reads(place["text"]) == "short"
    assert counted(full) == before


def hide(editor: YjsEditor) -> None:
    """Put more into the text's document than a project may keep."""
    for _ in range(40):
        editor.edit(0, LARGE)
        editor.sync()


def test_what_is_in_other_roots_counts_too(
    full: Flask, live: ThreadServer, me: Person, place: dict[str, Any]
) -> None:
    editor = YjsEditor(live.url, place["text"], token=me.token).sync()
    editor.text = editor.doc.get("hidden", type=Text)
    with pytest.raises(Closed, match="4413"):
        hide(editor)
    editor.close()
    with full.app_context():
        assert quota.used_by(PROJECT, place["project"]) <= MIB + RESERVE


# -- jobs -----------------------------------------------------------------------------------------


def test_a_result_without_room_fails_its_job(me: Person, full: Flask) -> None:
    desk = Desk(full)
    made = me.submits("test_echo", "x" * 30_000)
    with full.app_context():
        used = quota.used_by(PERSON, me.id)
    fill(full, 0, 1, MIB - used - 5000, actor=me.id)
    desk.work()
    found = seen(me, made["id"])
    assert (found["status"], found["error"]["code"]) == ("failed", "quota_spent")
    desk.close()


def says_much(ctx: Any) -> None:
    for _ in range(600):
        ctx.log("x" * 100)


def test_a_run_that_says_more_than_there_is_room_for_is_stopped(me: Person, full: Flask) -> None:
    desk = Desk(full)
    strange.append(says_much)
    made = me.submits("test_strange")
    with full.app_context():
        used = quota.used_by(PERSON, me.id)
    fill(full, 0, 1, MIB - used - 5000, actor=me.id)
    before = counted(full)[PERSON, me.id, "jobs"][0]
    desk.work()
    assert counted(full)[PERSON, me.id, "jobs"][0] < before + 3000
    assert counted(full) == recounted(full)
    assert seen(me, made["id"])["status"] == "succeeded"  # it was over before anybody looked
    desk.close()
