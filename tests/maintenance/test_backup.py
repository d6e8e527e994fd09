"""A backup is whole or not there; what is not as it was written is not restored."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from collab.core.storage.blobs import Blobs

from ..conftest import SETTINGS, http_for
from ..support.made_once import made_once
from ..support.people import Person, ok
from .conftest import Command

pytestmark = pytest.mark.sqlite("backup")


@made_once
def upload(alice: Person) -> dict[str, object]:
    return alice.uploads(b"the bytes of an upload")


@pytest.fixture
def made(app: Flask, command: Command, upload: object, tmp_path: Path) -> Path:
    """Return a backup."""
    path = tmp_path / "backups" / "one.tar"
    done = command(app, "backup", path)
    assert done.exit_code == 0, done.output
    assert "SECRET_KEY, JWT_SECRET_KEY, SEALING_KEY" in done.output  # they were settings
    return path


def folder_of(app: Flask) -> Path:
    folder: Path = app.config["INSTANCE_PATH"]
    return folder


def test_what_is_restored_serves_as_before(
    made: Path, empty_app: Flask, command: Command, alice: Person, upload: dict[str, object]
) -> None:
    done = command(empty_app, "restore", made)
    assert done.exit_code == 0, done.output
    with http_for(empty_app) as http:
        there = alice.at(http)
        content = there.get(f"/uploads/{upload['id']}/content").content
    assert content == b"the bytes of an upload"
    assert not [one.name for one in folder_of(empty_app).iterdir() if one.name.startswith(".")]


def test_only_the_file_itself_is_left_and_it_is_its_owners_alone(made: Path) -> None:
    assert [one.name for one in made.parent.iterdir()] == ["one.tar"]
    assert made.stat().st_mode & 0o777 == 0o600


def test_nothing_is_overwritten(made: Path, app: Flask, command: Command) -> None:
    before = made.read_bytes()
    done = command(app, "backup", made)
    assert done.exit_code == 1
    assert "already exists" in done.output
    assert made.read_bytes() == before


def test_a_folder_with_something_in_it_is_not_restored_into(
    made: Path, app: Flask, command: Command, alice: Person
) -> None:
    before = sorted(folder_of(app).rglob("*"))
    done = command(app, "restore", made)
    assert done.exit_code == 1
    assert "is not empty" in done.output
    assert sorted(folder_of(app).rglob("*")) == before
    assert alice.get("/auth/me").status_code == 200


@pytest.mark.parametrize("kept", ["secret_key", "mail", "collab.db"])
def test_whatever_is_there_stops_it(
    made: Path, empty_app: Flask, command: Command, kept: str
) -> None:
    folder_of(empty_app).joinpath(kept).write_text("precious")
    assert command(empty_app, "restore", made).exit_code == 1
    assert folder_of(empty_app).joinpath(kept).read_text() == "precious"


def spoilt(data: bytes) -> dict[str, bytes]:
    """Return a backup with each kind of damage."""
    middle = data.index(b"the bytes of an upload")
    return {
        "empty": b"",
        "no backup": b"x" * 10_000,
        "cut off": data[: len(data) // 2],
        "without its end": data[: data.rindex(b"manifest.json")],
        "a changed byte": data[:middle] + b"T" + data[middle + 1 :],
        "a changed page": data[:8192] + bytes(4096) + data[12288:],
        "a name that leads out": data.replace(b"blobs/", b"../../"),
    }


@pytest.mark.parametrize("how", spoilt(b"the bytes of an upload manifest.json"))
def test_what_is_damaged_is_not_restored(
    made: Path, empty_app: Flask, command: Command, how: str, tmp_path: Path
) -> None:
    made.write_bytes(spoilt(made.read_bytes())[how])
    for arguments in (["--check"], []):
        done = command(empty_app, "restore", made, *arguments)
        assert done.exit_code == 1, done.output
        assert done.output.startswith("Error: ")
    left = {one.name for one in folder_of(empty_app).rglob("*")}
    assert left <= {name.lower() for name in SETTINGS}


def test_a_whole_one_is_told_to_be_one(made: Path, empty_app: Flask, command: Command) -> None:
    done = command(empty_app, "restore", made, "--check")
    assert (done.exit_code, "is whole" in done.output) == (0, True)
    assert not (folder_of(empty_app) / "collab.db").exists()
    assert [one.name for one in made.parent.iterdir()] == ["one.tar"]


def test_a_damaged_database_is_not_backed_up(app: Flask, command: Command, tmp_path: Path) -> None:
    driver = sqlite3.connect(folder_of(app) / "collab.db")
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.execute("INSERT INTO comments VALUES (1, 999, 1, 'x', '2026', '2026', 1)")
    driver.commit()
    driver.close()
    done = command(app, "backup", tmp_path / "x.tar")
    assert done.exit_code == 1
    assert "names a row that is not there" in done.output
    assert not [*tmp_path.glob("*.tar"), *tmp_path.glob(".*")]


@contextlib.contextmanager
def small_disk() -> Iterator[None]:
    """Let no file become larger than a part of the database, for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**17, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_no_backup(
    app: Flask, instance: Path, alice: Person, command: Command, tmp_path: Path
) -> None:
    alice.uploads(b"x" * 100_000)
    target = tmp_path / "backups"
    target.mkdir()
    with small_disk():
        done = command(app, "backup", target / "x.tar")
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")  # and no traceback: it is known to happen
    assert isinstance(done.exception, SystemExit)
    assert list(target.iterdir()) == []
    assert not list(instance.glob(".backup-*"))


def test_no_file_is_deleted_while_a_backup_copies_them(
    app: Flask, alice: Person, upload: dict[str, object]
) -> None:
    """Its row is in the snapshot: the file waits until the backup is done."""
    from collab.core.storage import blob_store

    def files() -> list[str]:
        return [one.name for one in folder_of(app).glob("blobs/??/*")]

    holder = Blobs(folder_of(app) / "blobs", "another process")
    with holder.held(5):
        assert alice.delete(f"/uploads/{upload['id']}").status_code == 204
        with app.app_context():
            assert not blob_store.sweep_freed()
        assert len(files()) == 1
        with pytest.raises(TimeoutError), holder.held(0):
            pass
    with app.app_context():
        blob_store.sweep_freed()
    assert files() == []


def test_a_kept_file_that_was_lost_before_is_told(
    app: Flask, command: Command, upload: dict[str, object], tmp_path: Path
) -> None:
    (lost,) = folder_of(app).glob("blobs/??/*")
    lost.unlink()
    done = command(app, "backup", tmp_path / "x.tar")
    assert done.exit_code == 0
    assert f"Not on the disk, and so not in it: {lost.name}" in done.output


# -- encryption -----------------------------------------------------------------------------------


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words"
    path.write_text("a passphrase that is long\n")
    return path


def test_what_restored_nothing_leaves_no_keys_in_the_way_of_a_second_try(
    app: Flask,
    command: Command,
    make_app: Callable[..., Flask],
    tmp_path: Path,
) -> None:
    path, right, wrong = (tmp_path / name for name in ("sealed", "right", "wrong"))
    public = command(app, "backup-identity", right).output.strip()
    command(app, "backup-identity", wrong)
    assert command(app, "backup", path, "--to", public).exit_code == 0

    def once(*options: object) -> Result:
        # A process of its own, each time: it makes keys where there are none.
        own = dict.fromkeys(("SECRET_KEY", "JWT_SECRET_KEY", "SEALING_KEY"), "")
        there = make_app(INSTANCE_PATH=str(tmp_path / "restored"), **own)
        return command(there, "restore", path, *map(str, options))

    known = ("--identity", right)
    for first in ((*known, "--check"), ("--identity", wrong), (*known, "--at", "1999")):
        once(*first)
        left = [one.name for one in (tmp_path / "restored").iterdir() if one.name != "log"]
        assert left == [], first
    done = once(*known)
    assert done.exit_code == 0, done.output


def test_an_encrypted_one_shows_nothing_and_opens_with_its_passphrase(
    app: Flask,
    command: Command,
    empty_app: Flask,
    upload: object,
    words: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / "sealed"
    assert command(app, "backup", path, "--passphrase-file", words).exit_code == 0
    data = path.read_bytes()
    assert not any(one in data for one in (b"alice", b"the bytes", b"SQLite", b"manifest"))

    words.write_text("another passphrase\n")
    refused = command(empty_app, "restore", path, "--passphrase-file", words)
    assert "The passphrase or the key is not the backup's" in refused.output
    assert not (folder_of(empty_app) / "collab.db").exists()

    done = command(empty_app, "restore", path, input="a passphrase that is long\n")
    assert done.exit_code == 0, done.output
    assert (folder_of(empty_app) / "collab.db").exists()


def test_one_to_a_public_key_opens_with_the_private_one_alone(
    app: Flask, command: Command, empty_app: Flask, words: Path, tmp_path: Path
) -> None:
    public = command(app, "backup-identity", tmp_path / "key").output.strip()
    command(app, "backup-identity", tmp_path / "other")
    path = tmp_path / "sealed"
    assert command(app, "backup", path, "--to", public).exit_code == 0

    for wrong in (["--identity", tmp_path / "other"], ["--passphrase-file", words]):
        assert command(empty_app, "restore", path, *wrong).exit_code == 1
    assert command(empty_app, "restore", path, "--identity", tmp_path / "key").exit_code == 0
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


# -- which of many --------------------------------------------------------------------------------


def test_the_newest_up_to_a_time_is_restored(
    app: Flask, command: Command, empty_app: Flask, alice: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    moments = []
    for number in range(3):
        ok(alice.post("/tasks", {"title": f"Task {number}"}))
        done = command(app, "backup", folder / f"{number}.tar")
        moments.append(done.output.partition("It shows ")[2].partition(";")[0])
    (folder / "notes.txt").write_text("no backup")

    assert command(empty_app, "restore", folder).exit_code == 1
    early = command(empty_app, "restore", folder, "--at", "2020-01-01T00:00:00Z")
    assert "has no backup of a moment up to" in early.output
    assert command(empty_app, "restore", folder, "--at", "yesterday").exit_code == 1
    assert command(empty_app, "restore", folder, "--at", moments[1]).exit_code == 0
    with http_for(empty_app) as http:
        titles = [one["title"] for one in ok(alice.at(http).get("/tasks"))["items"]]
    assert sorted(titles) == ["Task 0", "Task 1"]
