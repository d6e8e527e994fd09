"""A full disk is said on every door (507), `/ready` knows of it, and nothing is left half done."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from ..conftest import SETTINGS, close, http_for, make_lasting
from ..quotas.counts import counted
from ..quotas.test_doors import DOORS, PERSONAL, Door
from ..support import databases
from ..support.people import Person, ok, register
from ..support.problems import problem
from ..support.servers import PLAIN, ForkedServer, ThreadServer, free_port, run_forked
from ..support.sockets import Socket
from ..support.yjs import YjsEditor
from ..uploads.disk import files_in

FULL = {"MIN_FREE_MB": "10000000"}
LARGE = "x" * 40_000


def make_place(alice: Person) -> dict[str, Any]:
    """Make a project with something of everything in it, while there is room."""
    project = alice.makes_project(bob="collaborator", vera="viewer")
    desk = alice.makes_workspace(project)
    at = {"project": project, "desk": desk, "job": alice.submits()["id"]}
    at["task"] = ok(alice.post("/tasks", {"title": "T", "project_id": project}))["id"]
    at["text"] = alice.makes_file(desk, "a.txt", "short")["id"]
    at["long"] = alice.makes_file(desk, "l.txt", LARGE)["id"]
    ok(alice.request("PUT", f"/files/{at['long']}/content", content=b""))
    at["bytes"] = alice.sends_file(desk, "b.bin", b"\0")["id"]
    return at


@pytest.fixture
def place(alice: Person) -> dict[str, Any]:
    """Return a project with something of everything in it."""
    return make_place(alice)


@pytest.fixture
def full(make_app: Callable[..., Flask], place: dict[str, Any]) -> Flask:
    """Return another application on the database, for which too little of the disk is free."""
    assert place
    return make_app(**FULL)


@pytest.fixture
def me(full: Flask, alice: Person) -> Iterator[Person]:
    with http_for(full) as http:
        yield alice.at(http)


ALL = DOORS | {f"{name} of one's own": door for name, door in PERSONAL.items()}


@pytest.fixture(scope="module")
def furnished(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Person, dict[str, Any]]]:
    """Return such an application with its owner and such a place, once: all doors are closed."""
    folder = tmp_path_factory.mktemp("furnished")
    where = databases.copy(template[0], folder)
    roomy, full = make_lasting(folder, **where), make_lasting(folder, **(where | FULL))
    place = make_place(template[1]["alice"].at(http_for(roomy)))
    close(roomy)
    with http_for(full) as http:
        yield full, template[1]["alice"].at(http), place
    close(full)


@pytest.mark.parametrize("door", ALL.values(), ids=ALL)
def test_every_door_says_507_and_keeps_nothing(
    furnished: tuple[Flask, Person, dict[str, Any]], door: Door
) -> None:
    full, me, place = furnished
    folder = full.config["INSTANCE_PATH"]
    before, files = counted(full), files_in(folder)
    answer = door(me, place)
    problem(answer, 507)
    assert answer.headers["Retry-After"] == "60"
    assert (counted(full), files_in(folder)) == (before, files)


def test_what_frees_room_is_done(me: Person, place: dict[str, Any]) -> None:
    for gone in (f"/tasks/{place['task']}", f"/files/{place['bytes']}"):
        assert me.delete(gone).status_code == 204
    assert me.delete(f"/projects/{place['project']}").status_code == 204


def test_ready_says_it(me: Person) -> None:
    answer = me.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"].startswith("full: ")
    assert me.get("/health").status_code == 200


def test_sockets_and_editors_are_told(me: Person, full: Flask, place: dict[str, Any]) -> None:
    with ThreadServer(full) as live:
        socket = Socket(live.url, token=me.token)
        told = socket.ask("x_y", topic=f"project:{place['project']}", payload={"a": LARGE})
        assert (told["type"], told["status"]) == ("error", 507)
        edit = {"file_id": place["text"], "base_version": 1, "edits": [{"insert": LARGE}]}
        assert socket.ask("file.edit", **edit)["status"] == 507
        socket.close()
        editor = YjsEditor(live.url, place["text"], token=me.token).sync()
        editor.edit(0, LARGE)
        assert editor.wait_closed().code == 1013
        editor.close()


# -- really full ----------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(folder: Path) -> Path:
    """Leave nothing of a disk."""
    path = folder / "filling"
    for size in (65536, 1):
        with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
            while file.write(bytes(size)):
                pass
    return path


def test_a_disk_that_is_really_full(small: Path) -> None:
    with (
        ForkedServer(small / "instance", MIN_FREE_MB="0", PUBLISH_RATE_KB="1000000") as server,
        httpx.Client(base_url=server.url, **PLAIN) as http,
    ):
        who = register(http, "dora")
        project = who.makes_project()
        filling = fill_up(small)
        event = {"type": "x_y", "project_id": project, "payload": {"a": LARGE}}
        while who.post("/events", event).status_code == 201:
            pass  # the write-ahead log has some room of its own left
        for answer in (
            who.request("POST", "/uploads", content=bytes(2**20)),
            who.post("/events", event),
            who.post("/tasks", {"title": "T", "description": LARGE[:9000]}),
        ):
            assert answer.status_code == 507, answer.text
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert "disk" in who.get("/ready").json()["checks"]
        assert who.get("/ready").status_code == 503
        assert who.get("/projects").status_code == 200
        filling.unlink()
        assert who.request("POST", "/uploads", content=bytes(2**16)).status_code == 201
        assert not list((small / "instance" / "blobs").glob("receiving-*"))


def test_a_start_on_a_full_disk_ends_in_a_sentence(small: Path) -> None:
    instance = small / "instance"
    instance.mkdir()
    (instance / "secret_key").write_text("s" * 40)
    (instance / "jwt_secret_key").write_text("s" * 40)
    (instance / "workers").mkdir()
    fill_up(small)
    ended = run_forked("app.py", "--port", str(free_port()), INSTANCE_PATH=str(instance))
    assert ended.returncode == 1
    assert ended.stderr.startswith("collab: ")
    assert "no space left" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_corrupt_database_ends_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "collab.db").write_bytes(b"no database at all" * 1000)
    ended = run_forked("app.py", "--port", str(free_port()), INSTANCE_PATH=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.strip().startswith("collab: can't use the database")
    assert "file is not a database" in ended.stderr
    assert "Traceback" not in ended.stderr


# -- who may read it ------------------------------------------------------------------------------


@pytest.mark.sqlite("file")
def test_what_the_server_keeps_is_for_itself_alone(
    tmp_path: Path, template_of_nobody: Path
) -> None:
    from collab import create_app
    from collab.server import prepare

    tmp_path.chmod(0o755)
    databases.copy(template_of_nobody, tmp_path)
    (tmp_path / "collab.db").chmod(0o644)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path)})
    prepare(app)
    with http_for(app) as http:
        register(http, "dora").uploads(b"bytes")
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.rglob("*")}
    close(app)
    assert {"collab.db", "collab.db-wal", "collab.db-shm", "blobs"} <= modes.keys()
    assert {name: mode for name, mode in modes.items() if mode} == {}


def test_a_folder_that_others_may_look_into_is_said(process: Any, instance: Path) -> None:
    instance.chmod(0o755)
    assert "INSTANCE_PATH lets others look in" in process().output.read_text()
