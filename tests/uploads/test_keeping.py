"""The same bytes are kept once, as long as an upload has them, and not longer."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from flask import Flask

from collab.core.storage import blob_store
from collab.server import prepare

from ..conftest import http_for
from ..support import databases
from ..support.made_once import made_once
from ..support.people import Person, ok, register
from ..support.problems import problem
from ..support.races import at_once
from .disk import files_in


def content(person: Person, upload_id: int) -> httpx.Response:
    return person.get(f"/uploads/{upload_id}/content")


def test_the_same_bytes_are_kept_once(alice: Person, bob: Person, instance: Path) -> None:
    for person in (alice, bob, bob):
        person.uploads(b"same")
    assert files_in(instance) == [b"same"]


def test_bytes_stay_as_long_as_somebody_has_them(
    alice: Person, bob: Person, instance: Path
) -> None:
    first, last = alice.uploads(b"same"), bob.uploads(b"same")
    alice.delete(f"/uploads/{first['id']}")
    assert content(bob, last["id"]).content == b"same"
    bob.delete(f"/uploads/{last['id']}")
    assert files_in(instance) == []


def test_a_deleted_upload_is_gone(alice: Person) -> None:
    made = alice.uploads()
    assert alice.delete(f"/uploads/{made['id']}").status_code == 204
    problem(alice.get(f"/uploads/{made['id']}"), 404)
    problem(alice.delete(f"/uploads/{made['id']}"), 404)


def test_another_version_is_not_deleted(alice: Person) -> None:
    made = alice.uploads()
    path = f"/uploads/{made['id']}"
    problem(alice.delete(path, headers={"If-Match": '"another"'}), 412)
    known = {"If-Match": alice.get(path).headers["ETag"]}
    assert alice.delete(path, headers=known).status_code == 204


def test_an_id_is_never_given_again(alice: Person) -> None:
    first = alice.uploads()["id"]
    alice.delete(f"/uploads/{first}")
    assert alice.uploads()["id"] > first


def test_bytes_that_are_being_deleted_are_404(alice: Person, instance: Path) -> None:
    made = alice.uploads()
    for path in (instance / "blobs").glob("??/*"):
        path.unlink()
    problem(content(alice, made["id"]), 404)


def test_what_a_project_may_not_take_leaves_nothing(
    charlie: Person, vera: Person, project: int, instance: Path
) -> None:
    for person in (charlie, vera):
        person.request("POST", f"/uploads?project_id={project}", content=b"x")
    assert files_in(instance) == []


def test_only_the_server_s_user_can_read_what_is_kept(alice: Person, instance: Path) -> None:
    alice.uploads(b"private")
    blob_store = [instance / "blobs", *(instance / "blobs").rglob("*")]
    assert [path.stat().st_mode & 0o077 for path in blob_store] == [0] * len(blob_store)


@pytest.mark.parametrize("turn", range(5))
def test_bytes_deleted_and_sent_at_once_are_kept_for_who_sent_them(
    app: Flask, alice: Person, bob: Person, instance: Path, turn: int
) -> None:
    people = [alice, bob] * 4
    old = [person.uploads(b"same")["id"] for person in people]
    deletions = [
        (person, lambda who, key=key: who.delete(f"/uploads/{key}"))
        for person, key in zip(people, old, strict=True)
    ]
    sent = [(bob, lambda who: who.request("POST", "/uploads", content=b"same"))] * 2
    answers = at_once(app, *deletions, *sent)
    assert [one.status_code for one in answers] == [204] * 8 + [201] * 2
    for one in answers[8:]:
        assert content(bob, one.json()["id"]).content == b"same"
        assert bob.delete(f"/uploads/{one.json()['id']}").status_code == 204
    assert files_in(instance) == []


# -- tidying --------------------------------------------------------------------------------------


@made_once
def orphan(alice: Person, project: int) -> None:
    """Leave bytes on disk whose upload went with its project."""
    alice.uploads(b"orphan", project_id=project)
    alice.delete(f"/projects/{project}")


def age(instance: Path, seconds: float) -> None:
    """Make all files of uploads older."""
    then = time.time() - seconds
    for path in (instance / "blobs").rglob("*"):
        os.utime(path, (then, then))


def leave_half(instance: Path) -> None:
    """Leave what a process leaves that is killed while a file arrives."""
    (instance / "blobs").mkdir(exist_ok=True)
    (instance / "blobs" / "receiving-abc").write_bytes(b"half")


def test_a_deleted_project_s_uploads_are_gone(alice: Person, project: int) -> None:
    made = alice.uploads(b"orphan", project_id=project)
    alice.delete(f"/projects/{project}")
    problem(content(alice, made["id"]), 404)
    assert ok(alice.get("/uploads"))["items"] == []


@pytest.mark.usefixtures("orphan")
def test_a_start_deletes_the_bytes_of_a_deleted_project(app: Flask, instance: Path) -> None:
    age(instance, 3700)
    prepare(app)
    assert files_in(instance) == []


def test_a_start_deletes_what_never_arrived_as_a_whole(app: Flask, instance: Path) -> None:
    leave_half(instance)
    age(instance, 3700)
    prepare(app)
    assert files_in(instance) == []


@pytest.mark.usefixtures("orphan")
def test_what_is_not_an_hour_old_may_be_in_use(app: Flask, instance: Path) -> None:
    leave_half(instance)
    age(instance, 3500)
    prepare(app)
    assert sorted(files_in(instance)) == [b"half", b"orphan"]


@pytest.mark.usefixtures("orphan")
def test_what_an_upload_has_is_kept_however_old(app: Flask, bob: Person, instance: Path) -> None:
    bob.uploads(b"orphan")
    bob.uploads(b"another")
    age(instance, 10**8)
    prepare(app)
    assert sorted(files_in(instance)) == [b"another", b"orphan"]


def test_a_start_without_any_upload_has_nothing_to_tidy(app: Flask, instance: Path) -> None:
    prepare(app)
    assert files_in(instance) == []


ROW = """INSERT INTO uploads (owner_id, name, content_type, size, sha256, created_at)
         VALUES (?, 'a', 'text/plain', 6, ?, '2026-01-01')"""


@pytest.mark.parametrize(
    "act", [lambda digest: blob_store.tidy(), blob_store.sweep], ids=["tidy", "sweep"]
)
@pytest.mark.usefixtures("orphan")
def test_bytes_are_kept_whose_new_row_is_not_committed_yet(
    app: Flask, alice: Person, instance: Path, act: Callable[[str], None]
) -> None:
    age(instance, 3700)
    digest = hashlib.sha256(b"orphan").hexdigest()
    other = databases.opened(instance)
    other.execute("BEGIN IMMEDIATE")
    other.execute(ROW, (alice.id, digest))
    commit = threading.Timer(0.3, other.execute, ["COMMIT"])
    commit.start()
    with app.app_context():
        act(digest)
    commit.join()
    other.close()
    assert files_in(instance) == [b"orphan"]


def on_another_database(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """Return an application with the same instance folder and another, new database."""
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path}/other.db")
    prepare(app)
    return app


def test_a_start_on_another_database_deletes_nothing(
    alice: Person, instance: Path, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    """Every file there is without a row in it."""
    made = alice.uploads(b"kept")
    age(instance, 3700)
    on_another_database(make_app, tmp_path)
    assert content(alice, made["id"]).content == b"kept"


def test_another_database_s_people_delete_nobody_else_s_bytes(
    alice: Person, instance: Path, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    made = alice.uploads(b"kept")
    with http_for(on_another_database(make_app, tmp_path)) as http:
        stranger = register(http, "stranger")
        same = stranger.uploads(b"kept")
        assert stranger.delete(f"/uploads/{same['id']}").status_code == 204
    assert content(alice, made["id"]).content == b"kept"


def test_a_moved_folder_is_tidied_all_the_same(
    alice: Person, project: int, instance: Path, make_app: Callable[..., Flask]
) -> None:
    alice.uploads(b"orphan", project_id=project)
    ok(alice.delete(f"/projects/{project}"))
    moved = instance.rename(instance.with_name("moved"))
    age(moved, 3700)
    prepare(make_app(INSTANCE_PATH=str(moved)))
    assert files_in(moved) == []


def test_a_file_that_can_not_be_deleted_does_not_stop_the_start(
    app: Flask, alice: Person, instance: Path
) -> None:
    made = alice.uploads(b"kept")
    (instance / "blobs" / "receiving-folder").mkdir()
    age(instance, 3700)
    prepare(app)
    assert content(alice, made["id"]).content == b"kept"
