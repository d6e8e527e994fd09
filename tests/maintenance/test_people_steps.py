"""Exports and erasures step by step: a full disk, files that go meanwhile, and who still reads."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from collab.auth.accounts import disabling
from collab.auth.guard import from_token
from collab.auth.models import User
from collab.core.errors import DiskFull
from collab.core.personal.declared import Subject, on_erase, on_export
from collab.events.models import EventRow
from collab.extensions import db
from collab.jobs.context import JobContext, Stopped
from collab.maintenance.people import erasing, exporting, keeping
from collab.maintenance.people.models import Erasure

from ..support.people import Person


@pytest.fixture
def own_app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """Return an application of the test's own, in its context."""
    app = make_app()
    with app.app_context():
        yield app


def whom(alice: Person, **more: str) -> Subject:
    return Subject(alice.id, **{"email": alice.email, "name": "Alice"} | more)


def goes_on() -> None:
    """Do not stop."""


def context(who: Person) -> JobContext:
    return JobContext(job_id=1, attempt=1, owner_id=who.id, project_id=None, timeout_s=60)


# -- exports --------------------------------------------------------------------------------------


def test_an_export_ends_where_the_disk_is_full(own_app: Flask, alice: Person) -> None:
    own_app.config["MIN_FREE_MB"] = 2**40
    much = whom(alice, name="x" * exporting.PIECE_BYTES)
    queries = [("SELECT :name AS name", frozenset[str]())]
    with pytest.raises(DiskFull):
        exporting._write(io.BytesIO(), queries, much, goes_on)
    exporting._write(io.BytesIO(), queries, whom(alice), goes_on)  # so little passes without a look


def test_a_file_that_was_deleted_meanwhile_is_left_out(own_app: Flask, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        for name in ("deleted", "kept"):
            exporting._add_file(archive, f"files/{name}", tmp_path / name, goes_on)
        assert archive.namelist() == ["files/kept"]


def test_an_export_that_fails_leaves_nothing_open(own_app: Flask, alice: Person) -> None:
    def fails(_: Subject) -> Iterator[tuple[str, Path]]:
        raise KeyError("files")

    on_export(own_app, fails)
    # pytest fails for a file that nobody closed.
    with pytest.raises(KeyError), keeping.new_file(context(alice)) as file:
        exporting.write(file, whom(alice), context(alice))
    assert list(keeping.folder().iterdir()) == []


@pytest.mark.parametrize("stops", ["rows", "files"])
def test_an_export_stops_between_two_rows_or_two_pieces_of_a_file(
    own_app: Flask, alice: Person, tmp_path: Path, stops: str
) -> None:
    (tmp_path / "file").write_bytes(bytes(2 * exporting.PIECE_BYTES))
    looks: list[None] = []

    def check() -> None:
        looks.append(None)
        if len(looks) == 2:
            raise Stopped("cancelled")

    def writes() -> None:
        if stops == "rows":
            queries = [("SELECT 1 AS n UNION SELECT 2 UNION SELECT 3", frozenset[str]())]
            exporting._write(io.BytesIO(), queries, whom(alice), check)
        with zipfile.ZipFile(io.BytesIO(), "w") as archive:
            exporting._add_file(archive, "file", tmp_path / "file", check)

    with pytest.raises(Stopped):
        writes()
    assert len(looks) == 2


# -- erasures -------------------------------------------------------------------------------------


def test_what_is_done_in_somebodys_name_ends_part_by_part_before_they_go(
    own_app: Flask, alice: Person
) -> None:
    parts: list[object] = []

    def ends(user_id: int, actor: int) -> bool:
        assert (user_id, actor) == (alice.id, alice.id)
        parts.append(db.session().get_transaction())
        return len(parts) < 3

    disabling.on_disabled(own_app, ends)
    erasing.begin(db.session.get_one(User, alice.id), take_projects=True, actor=caller(alice))
    assert len(parts) == len({*parts}) == 3
    db.session.rollback()
    assert db.session.get(Erasure, alice.id) is not None


def caller(person: Person) -> object:
    return from_token(person.token)


def test_whatever_a_package_has_of_somebody_goes_first_and_in_parts(
    own_app: Flask, alice: Person
) -> None:
    asked: list[Subject] = []

    def erases(found: Subject) -> bool:
        asked.append(found)
        return len(asked) < 3

    on_erase(own_app, erases)
    db.session.add(Erasure(user_id=alice.id, email=alice.email, name="Alice"))
    db.session.commit()
    assert [erasing.step(alice.id) for _ in range(3)] == [True] * 3
    assert asked == [whom(alice)] * 3


@pytest.mark.sqlite("file")
def test_an_erasure_is_over_once_nobody_reads_what_was_there(
    app: Flask, alice: Person, instance: Path
) -> None:
    with app.app_context(), closing(sqlite3.connect(instance / "collab.db")) as reads:
        db.session.add(Erasure(user_id=alice.id, email="", name=""))
        db.session.commit()
        reads.execute("BEGIN")
        reads.execute("SELECT count(*) FROM users").fetchone()
        db.session.get_one(User, alice.id).name = "Written since"
        db.session.commit()
        over = select(EventRow.id).where(EventRow.type == "account.erased")
        assert erasing.step(alice.id) is False
        assert db.session.scalars(over).all() == []
        reads.execute("ROLLBACK")
        assert erasing.step(alice.id) is True
        assert len(db.session.scalars(over).all()) == 1
        assert db.session.get(Erasure, alice.id) is None
