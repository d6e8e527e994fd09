"""The files of a backup: what is looked through, what is linked, and where it is put."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.ingest.pipeline.archives.archive import Archive
from collab.maintenance.backup import making, restoring
from collab.maintenance.backup.making import CanNotBackUp, look_through
from collab.maintenance.backup.manifest import Manifest, NotABackup
from collab.maintenance.backup.moment import Moment, pinned, sweep_links
from collab.maintenance.backup.restoring import CanNotRestore
from collab.maintenance.backup.sealing import Passphrase
from collab.maintenance.backup.tape import TapeWriter

from ..support.people import Person
from .conftest import Command

pytestmark = pytest.mark.sqlite("backup")

MOMENT = "2026-11-29T12:00:00Z"
#: An hour of 2025, counted from 1970.
HOUR = 490_116


def manifest() -> Manifest:
    return Manifest(MOMENT, "1", "r", keys={}, given=[])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a database with a row."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("CREATE TABLE notes (title)")
        made.execute("INSERT INTO notes VALUES (NULL)")
    return path


@pytest.fixture
def backs_up(tmp_path: Path) -> Callable[..., Path]:
    """Return a way to make a backup of files: `backs_up(**{"collab.db": path})`."""

    def make(**files: Path) -> Path:
        place = tmp_path / "one.tar"
        with place.open("wb") as target:
            tape = TapeWriter(target, manifest())
            for name, path in files.items():
                tape.add(name, path)
            tape.finish()
        return place

    return make


def damages(path: Path) -> None:
    """Let a database have a row that its table can't have."""
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA writable_schema = ON")
        made.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE notes (title NOT NULL)'")


def nobody() -> Passphrase:
    raise AssertionError("nothing is sealed here")


# -- making ---------------------------------------------------------------------------------------


def test_a_database_that_is_damaged_is_not_backed_up(database: Path) -> None:
    damages(database)
    with closing(sqlite3.connect(database)) as damaged, pytest.raises(CanNotBackUp) as refused:
        look_through(damaged, "a.db")
    assert str(refused.value).startswith("a.db is damaged: ")


def test_a_kept_file_that_is_not_what_its_name_says_ends_the_backup(
    app: Flask, command: Command, alice: Person, tmp_path: Path
) -> None:
    alice.uploads(b"the bytes of an upload")
    (kept,) = app.config["INSTANCE_PATH"].glob("blobs/??/*")
    kept.chmod(0o600)
    kept.write_bytes(b"the bytes of another one")
    done = command(app, "backup", tmp_path / "x.tar")
    assert (done.exit_code, "is not what its name says" in done.output) == (1, True)


def test_of_the_archive_each_file_is_as_long_as_the_store_says_and_what_is_lost_is_named(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "archive"
    kept = Archive(folder).path(1, HOUR)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"123456")
    (kept.parent / "manifest.json").write_bytes(b"{}")
    lost = Archive(folder).path(2, HOUR)
    tape = TapeWriter(io.BytesIO(), manifest())
    with closing(sqlite3.connect(":memory:")) as store:
        store.execute("CREATE TABLE archives (project, hour, bytes)")
        store.executemany("INSERT INTO archives VALUES (?, ?, 4)", [(1, HOUR), (2, HOUR)])
        moment = Moment(utcnow(), store, store, folder, 0)
        missing = making._add_archive(moment, store, tape)
    tape.finish()
    assert missing == [f"archive/{lost.relative_to(folder)}"]
    assert [(one.name, one.bytes) for one in tape._manifest.files] == [
        (f"archive/{kept.relative_to(folder)}", 4),
        (f"archive/{kept.parent.relative_to(folder)}/manifest.json", 2),
    ]


def test_nothing_that_has_appeared_meanwhile_is_overwritten(tmp_path: Path) -> None:
    draft, place = tmp_path / "draft", tmp_path / "place"
    draft.write_text("new")
    place.write_text("precious")
    with pytest.raises(CanNotBackUp):
        making._put(draft, place)
    with pytest.raises(CanNotRestore):
        restoring._move_new(draft, place)
    assert place.read_text() == "precious"
    assert {one.name for one in tmp_path.iterdir()} == {"draft", "place"}


def test_what_the_archive_loses_meanwhile_is_still_there_for_the_backup(
    database: Path, tmp_path: Path
) -> None:
    hour = tmp_path / "archive" / "1" / "hour"
    hour.parent.mkdir(parents=True)
    hour.write_text("events")
    shutil.copyfile(database, tmp_path / "ingest.db")
    with pinned(database, tmp_path, 1) as moment:
        hour.unlink()
        assert (moment.archive / "1" / "hour").read_text() == "events"
        assert moment.store is not None
    assert not moment.archive.exists()


def test_what_a_killed_backup_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".backup-x" / "1").mkdir(parents=True)
    sweep_links(tmp_path)
    assert [*tmp_path.iterdir()] == []


# -- restoring ------------------------------------------------------------------------------------


def test_a_database_may_lie_elsewhere_and_keys_that_were_just_made_give_way(
    backs_up: Callable[..., Path], database: Path, tmp_path: Path
) -> None:
    instance, place = tmp_path / "instance", tmp_path / "elsewhere" / "main.db"
    (instance / ".restoring-x").mkdir(parents=True)  # of one that was killed
    made = instance / "secret_key"
    made.write_text("new")
    path = backs_up(**{"collab.db": database, "secret_key": database})
    restoring.restore(path, nobody, instance, place, {made})
    assert place.read_bytes() == made.read_bytes() == database.read_bytes()
    assert place.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in instance.iterdir()] == ["secret_key"]
    with pytest.raises(CanNotRestore, match="already exists"):
        restoring.restore(path, nobody, tmp_path / "new", place, set())


def test_a_backup_without_a_database_or_with_a_damaged_one_is_none(
    backs_up: Callable[..., Path], database: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotABackup, match="no database"):
        restoring.check(backs_up(a=database), nobody)
    restoring.check(backs_up(**{"collab.db": database, "ingest.db": database}), nobody)
    damages(database)
    with pytest.raises(NotABackup, match="is damaged"):
        restoring.check(backs_up(**{"collab.db": database}), nobody)


# -- the command line -----------------------------------------------------------------------------


def test_an_empty_passphrase_and_a_folder_of_many_are_refused(
    app: Flask, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "words").write_text("\n")
    done = command(app, "backup", tmp_path / "x", "--passphrase-file", tmp_path / "words")
    assert (done.exit_code, "is empty" in done.output) == (1, True)
    done = command(app, "restore", tmp_path)
    assert (done.exit_code, "`--at TIME` chooses" in done.output) == (1, True)


def test_where_no_database_is_there_is_nothing_to_back_up(
    empty_app: Flask, command: Command, tmp_path: Path
) -> None:
    done = command(empty_app, "backup", tmp_path / "x")
    assert (done.exit_code, "There is no database" in done.output) == (1, True)


def test_a_restoring_names_the_keys_that_are_others_than_where_the_backup_was_made(
    app: Flask, make_app: Callable[..., Flask], command: Command, tmp_path: Path
) -> None:
    assert command(app, "backup", tmp_path / "one.tar").exit_code == 0
    there = make_app(INSTANCE_PATH=str(tmp_path / "new"), SEALING_KEY="s" * 40)
    done = command(there, "restore", tmp_path / "one.tar")
    assert done.exit_code == 0, done.output
    assert "SEALING_KEY was a setting where the backup was made" in done.output
    assert "JWT_SECRET_KEY was" not in done.output


OWN_KEYS = {"SECRET_KEY": "", "JWT_SECRET_KEY": "", "SEALING_KEY": ""}


@pytest.mark.usefixtures("alice")
def test_keys_are_rotated_and_what_was_sealed_is_sealed_again_from_the_command_line(
    make_app: Callable[..., Flask], command: Command
) -> None:
    app = make_app(**OWN_KEYS)
    rotated = command(app, "rotate-keys").output.splitlines()
    assert [line.partition(":")[0] for line in rotated] == [*OWN_KEYS]
    resealed = command(app, "reseal").output.splitlines()
    assert resealed[0] == "0 secrets were resealed."
    assert resealed[1].startswith("SEALING_KEY: only ")
    settings = command(make_app(), "reseal").output.splitlines()
    assert settings[1] == "SEALING_KEY_FALLBACKS can be unset now."
