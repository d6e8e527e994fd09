"""The counters are what a recount of the rows says, whatever was done and by whichever way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text

from collab.core.usage import triggers
from collab.core.usage.counted import COUNTED_TABLES, UNCOUNTED_TABLES
from collab.events import log
from collab.extensions import db
from collab.files.editing import compaction
from collab.files.editing.writer import TEXTS

from ..support import databases
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.texts import TextDesk
from ..support.zips import packed
from .counts import counted, recounted


@pytest.mark.sqlite("file")
def test_how_counters_change_is_said_by_one_trigger_as_each_connection_parses_all(
    app: Flask,
) -> None:
    with app.app_context():
        saying = [name for name, sql in triggers.wanted().items() if "DO UPDATE" in sql]
    assert saying == ["usage_changes_made"]


# -- whatever people do ---------------------------------------------------------------------------


class World:
    """Two people and what they have made so far; what can't be done is not done."""

    def __init__(self, app: Flask, desk: Desk, alice: Person, bob: Person) -> None:
        self.app, self.desk, self.people = app, desk, (alice, bob)
        self.made: dict[str, list[Any]] = {}

    def keep(self, kind: str, answer: Any) -> None:
        if answer.status_code == 201:
            self.made.setdefault(kind, []).append(answer.json()["id"])

    def one(self, kind: str, pick: int) -> Any:
        """Return something of a kind that was made; 0 if there is none, which is 404."""
        known = self.made.get(kind) or [0]
        return known[pick % len(known)]


Act = Callable[[World, Person, int], Any]
ACTS: dict[str, Act] = {}


def act(do: Act) -> Act:
    ACTS[do.__name__] = do
    return do


def words(pick: int) -> str:
    return ("ä" if pick % 3 else "w") * (pick % 900)


@act
def project(world: World, who: Person, pick: int) -> None:
    world.keep("projects", who.post("/projects", {"name": "P", "description": words(pick)}))
    for one in world.people:
        who.post(f"/projects/{world.made['projects'][-1]}/members", {"email": one.email})


@act
def end_project(world: World, who: Person, pick: int) -> None:
    if pick % 4 == 0:
        who.delete(f"/projects/{world.one('projects', pick)}")


@act
def invite(world: World, who: Person, pick: int) -> None:
    place = f"/projects/{world.one('projects', pick)}"
    who.post(f"{place}/members", {"email": f"new{pick % 5}@example.com"})
    who.patch(place, {"description": words(pick + 1)})


@act
def remove(world: World, who: Person, pick: int) -> None:
    if pick % 3 == 0:
        who.delete(f"/projects/{world.one('projects', pick)}/members/{world.people[1].id}")


@act
def workspace(world: World, who: Person, pick: int) -> None:
    place = f"/projects/{world.one('projects', pick)}/workspaces"
    world.keep("workspaces", who.post(place, {"name": "W", "settings": {"a": words(pick)}}))


@act
def end_workspace(world: World, who: Person, pick: int) -> None:
    key = world.one("workspaces", pick)
    who.patch(f"/workspaces/{key}", {"settings": {"b": words(pick)}})
    if pick % 4 == 0:
        who.delete(f"/workspaces/{key}")


@act
def make_text(world: World, who: Person, pick: int) -> None:
    body = {"path": f"t{pick % 50}.txt", "content": words(pick)}
    place = f"/workspaces/{world.one('workspaces', pick)}/files"
    world.keep("texts", who.post(place, body))


@act
def edit_text(world: World, who: Person, pick: int) -> None:
    place = f"/files/{world.one('texts', pick)}/content"
    who.patch(place, {"base_version": 0, "edits": [{"insert": words(pick)}]})
    who.request("PUT", place, content=words(pick + 1).encode())


@act
def bytes_of_a_file(world: World, who: Person, pick: int) -> None:
    place = f"/workspaces/{world.one('workspaces', pick)}/files?path=b{pick % 9}"
    world.keep("binaries", who.request("POST", place, content=bytes(pick)))
    place = f"/files/{world.one('binaries', pick)}/content"
    who.request("PUT", place, content=bytes(pick + 1))


@act
def move_or_end_file(world: World, who: Person, pick: int) -> None:
    key = world.one(("texts", "binaries")[pick % 2], pick)
    who.patch(f"/files/{key}", {"path": f"moved/{words(pick % 200)}{pick}"})
    if pick % 3 == 0:
        who.delete(f"/files/{key}")


@act
def archive(world: World, who: Person, pick: int) -> None:
    entries = [("z/a.txt", words(pick).encode()), ("z/b.bin", bytes(pick))]
    place = f"/workspaces/{world.one('workspaces', pick)}/archive?conflict=replace"
    who.request("POST", place, content=packed(*entries))


@act
def compact(world: World, who: Person, pick: int) -> None:
    """Let a text have a checkpoint, as its writer does when there is much to load."""
    file_id = world.one("texts", pick)
    writer = TEXTS.of(world.app)

    def step(room: Any) -> None:
        for one in (compaction._checkpoint, compaction._tidy):
            compaction.carry_out(one, room)

    if who.get(f"/files/{file_id}").status_code == 200:
        writer.inspect(file_id, step)


@act
def task(world: World, who: Person, pick: int) -> None:
    project_id = world.one("projects", pick) if pick % 2 else None
    body = {"title": "T", "description": words(pick), "tags": ["a", f"b{pick % 9}"]}
    world.keep("tasks", who.post("/tasks", body | {"project_id": project_id}))


@act
def change_task(world: World, who: Person, pick: int) -> None:
    place = f"/tasks/{world.one('tasks', pick)}"
    who.patch(place, {"description": words(pick), "tags": [f"c{pick % 4}"]})
    world.keep("comments", who.post(f"{place}/comments", {"body": "w" + words(pick)}))
    if pick % 4 == 0:
        who.delete(place)


@act
def comment(world: World, who: Person, pick: int) -> None:
    place = f"/comments/{world.one('comments', pick)}"
    who.patch(place, {"body": "x" + words(pick)})
    if pick % 2:
        who.delete(place)


@act
def post(world: World, who: Person, pick: int) -> None:
    world.keep("posts", who.post("/posts", {"title": "T", "body": words(pick)}))
    world.keep("collections", who.post("/collections", {"name": "C", "description": words(pick)}))
    place = f"/collections/{world.one('collections', pick)}"
    who.put(f"{place}/posts/{world.one('posts', pick)}")
    if pick % 3 == 0:
        who.delete(f"/posts/{world.one('posts', pick + 1)}")
    if pick % 5 == 0:
        who.delete(place)


@act
def upload(world: World, who: Person, pick: int) -> None:
    query = f"?project_id={world.one('projects', pick)}" if pick % 2 else ""
    world.keep("uploads", who.request("POST", f"/uploads{query}", content=bytes(pick + 1)))
    if pick % 3 == 0:
        who.delete(f"/uploads/{world.one('uploads', pick)}")


@act
def job(world: World, who: Person, pick: int) -> None:
    kind = ("test_echo", "test_file", "test_failing", "test_hopeless_talker")[pick % 4]
    project_id = world.one("projects", pick) if pick % 3 == 0 else None
    body = {"type": kind, "payload": {"value": 1}, "project_id": project_id}
    world.keep("jobs", who.post("/jobs", body, headers={"Idempotency-Key": f"k{pick}"}))
    world.desk.work()
    who.post(f"/jobs/{world.one('jobs', pick)}/retry")


@act
def tell(world: World, who: Person, pick: int) -> None:
    body = {"type": "x_y", "payload": {"a": words(pick)}}
    who.post("/events", body | {"project_id": world.one("projects", pick)})
    who.post("/events", body | {"topic": f"user:{who.id}"}, headers={"Idempotency-Key": "k"})


@act
def log_in(world: World, who: Person, pick: int) -> None:
    if pick % 5 == 0:
        who.logs_in()


@act
def prune(world: World, who: Person, pick: int) -> None:
    if pick % 6 == 0:
        with world.app.app_context():
            log.prune(timedelta(0))


@pytest.fixture
def world(app: Flask, desk: Desk, alice: Person, bob: Person) -> World:
    return World(app, desk, alice, bob)


STEP = st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 1), st.integers(0, 10_000))
KINDS_MADE = {"files", "history", "tasks", "comments", "posts", "jobs", "uploads", "answers"}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=5, max_size=25))
def test_the_counters_are_what_a_recount_says(
    world: World, steps: list[tuple[str, int, int]]
) -> None:
    for name, who, pick in [("project", 0, 1), ("workspace", 0, 3), *steps]:
        ACTS[name](world, world.people[who], pick)
    assert counted(world.app) == recounted(world.app)


def test_everything_that_can_be_done_is_counted(world: World) -> None:
    for round_ in (2, 7, 12):
        for name in ACTS:
            ACTS[name](world, world.people[round_ % 2], round_)
            # A recount takes as long as five requests: what was there before is counted by then.
            assert round_ < 12 or counted(world.app) == recounted(world.app), name
        assert counted(world.app) == recounted(world.app)
    assert {kind for _, _, kind in counted(world.app)} >= KINDS_MADE
    for project_id in world.made["projects"]:
        world.people[0].delete(f"/projects/{project_id}")
        world.people[1].delete(f"/projects/{project_id}")
    assert counted(world.app) == recounted(world.app)


def test_a_deleted_project_keeps_nothing_but_what_the_log_tells_of_it(
    app: Flask, alice: Person, project: int, desk: Desk
) -> None:
    text_id = alice.makes_text(project, "words")
    alice.sends_file(alice.makes_workspace(project), "b", b"\0")
    task_id = ok(alice.post("/tasks", {"title": "T", "project_id": project}))["id"]
    alice.comments(task_id)
    alice.submits(project_id=project)
    desk.work()
    alice.request("PUT", f"/files/{text_id}/content", content=b"others")
    assert alice.delete(f"/projects/{project}").status_code == 204
    left = {kind for owner, key, kind in counted(app) if (owner, key) == ("project", project)}
    assert left == {"events"}


def test_a_checkpoint_counts_to_who_made_the_text(app: Flask, alice: Person, project: int) -> None:
    desk = TextDesk(app, alice.makes_workspace(project))
    assert desk.id
    assert counted(app) == recounted(app)


# -- the schema -----------------------------------------------------------------------------------


#: What the names of tables begin with that no model has: indexes, the queue, migrations.
BESIDE = ("search_index", "words_due", "procrastinate_", "alembic_version")


def test_every_table_is_counted_or_has_a_reason_why_not(app: Flask) -> None:
    with app.app_context():
        tables = set(inspect(db.engine).get_table_names())
    known = {one.table for one in COUNTED_TABLES} | UNCOUNTED_TABLES.keys()
    beside = {name for name in tables if name.startswith(BESIDE)}
    assert tables - beside == known


def test_the_database_has_the_triggers(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert triggers.installed(connection) == triggers.wanted()


def test_lost_triggers_are_made_again_and_everything_is_counted(
    app: Flask, alice: Person, project: int
) -> None:
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(text(databases.drop_trigger("usage_tasks_tasks_added")))
        connection.commit()
    alice.post("/tasks", {"title": "T", "project_id": project})
    assert counted(app) != recounted(app)
    with app.app_context(), db.engine.connect() as connection:
        assert triggers.ensure(connection)
        connection.commit()
        assert not triggers.ensure(connection)
    assert counted(app) == recounted(app)
