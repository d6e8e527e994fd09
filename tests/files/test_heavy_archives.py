"""An archive is weighed by what it becomes, and keeps no other writer waiting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from collab.extensions import db
from collab.files.archives import unpacking

from ..conftest import http_for
from ..quotas.counts import counted, recounted
from ..support import databases
from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.waiting import PATIENCE
from ..support.zips import packed
from ..uploads.disk import files_in

MIB = 2**20


@made_once
def desk(bob: Person, project: int) -> int:
    return bob.makes_workspace(project)


def send(who: Person, desk: int, content: bytes, **query: str) -> Any:
    return who.request("POST", f"/workspaces/{desk}/archive", content=content, params=query)


def tree(who: Person, desk: int) -> list[str]:
    return [one["path"] for one in ok(who.get(f"/workspaces/{desk}/files?limit=100"))["items"]]


def test_a_small_archive_of_much_is_refused_before_anything_is_written(
    app: Flask, bob: Person, desk: int, instance: Path
) -> None:
    bomb = packed(*((f"{number}.txt", b"a" * MIB) for number in range(199)))
    assert len(bomb) < 256 * 1024
    before, files = counted(app), files_in(instance)
    size = databases.size(instance)
    assert "100 times" in problem(send(bob, desk, bomb), 422)["detail"]
    assert (counted(app), files_in(instance)) == (before, files)
    assert databases.size(instance) == size


def test_many_small_bombs_are_one_bomb(bob: Person, desk: int) -> None:
    bomb = packed(*((f"{number}.txt", b"a" * 60_000) for number in range(1900)))
    problem(send(bob, desk, bomb), 422)
    assert tree(bob, desk) == []


def test_honest_archives_that_pack_well_are_taken(bob: Person, desk: int) -> None:
    table = b"name,value\n" + b"".join(b"row %d,%d\n" % (n, n * n) for n in range(60_000))
    ok(send(bob, desk, packed(("table.csv", table), ("zeros.bin", bytes(MIB)))))
    assert tree(bob, desk) == ["table.csv", "zeros.bin"]


def test_an_archive_is_weighed_with_its_history(
    make_app: Callable[..., Flask], bob: Person, desk: int, instance: Path
) -> None:
    with http_for(make_app(PROJECT_QUOTA_MB="2")) as http:
        me = bob.at(http)
        entries = [(f"{n}.txt", bytes(range(97, 123)) * 9000) for n in range(4)]  # 0.9 MiB
        told = problem(send(me, desk, packed(*entries)), 413)
        assert told["quota"] == "project"
        assert tree(me, desk) == []


# -- parts ----------------------------------------------------------------------------------------


@contextmanager
def watching(act: Callable[[int], None]) -> Iterator[None]:
    """Call a function before each commit that makes files, with how many it makes."""
    made = 0

    def after_flush(session: Any, context: Any) -> None:
        nonlocal made
        made += sum(type(one).__name__ == "File" for one in session.new)

    def after_commit(session: Any) -> None:
        nonlocal made
        count, made = made, 0
        if count:
            act(count)

    event.listen(db.session, "after_flush", after_flush)
    event.listen(db.session, "after_commit", after_commit)
    try:
        yield
    finally:
        event.remove(db.session, "after_flush", after_flush)
        event.remove(db.session, "after_commit", after_commit)


def test_no_commit_makes_more_than_a_few_files(app: Flask, bob: Person, desk: int) -> None:
    counts: list[int] = []
    entries = [(f"{n}.bin", bytes([0, n])) for n in range(100)]
    with watching(counts.append):
        assert ok(send(bob, desk, packed(*entries)))["created"] == 100
    assert sum(counts) == 100
    assert max(counts) <= unpacking.FILES_AT_ONCE
    assert counted(app) == recounted(app)


def test_what_can_not_be_finished_is_taken_back_and_said(
    app: Flask, bob: Person, alice: Person, desk: int, instance: Path
) -> None:
    """Bob is removed from the project between two parts."""

    def remove(count: int) -> None:
        with (
            contextlib.closing(databases.opened(instance, timeout=PATIENCE)) as connection,
            connection,
        ):
            connection.execute(f"DELETE FROM members WHERE user_id = {bob.id}")
        connection.close()

    entries = [(f"{n}.bin", bytes([0, n])) for n in range(100)]
    with watching(remove):
        told = problem(send(bob, desk, packed(*entries)), 404)
    assert "nothing was kept" in told["detail"]
    assert tree(alice, desk) == []
    assert counted(app) == recounted(app)


def test_the_key_of_an_archive_that_failed_is_free_again(
    bob: Person, desk: int, instance: Path
) -> None:
    key = {"Idempotency-Key": "k"}
    place = f"/workspaces/{desk}/archive"
    bob.makes_file(desk, "b.txt", "there")
    body = packed(("a.txt", b"a"), ("b.txt", b"b"))
    problem(bob.request("POST", place, content=body, headers=key), 409)
    body = packed(("a.txt", b"a"))
    assert bob.request("POST", place, content=body, headers=key).status_code == 201
