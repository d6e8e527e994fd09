"""What has had its time goes, a short step at a time, and its bytes with it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from collab.core.storage import pages, retention
from collab.core.storage.chores import Chore
from collab.core.storage.housekeeping import HOUSEKEEPER, Housekeeper
from collab.events import log

from ..conftest import SETTINGS, close, http_for
from ..quotas.counts import counted, recounted
from ..support import databases, history
from ..support.jobs import Desk
from ..support.people import Person, ok, register
from ..support.waiting import PATIENCE
from ..uploads.disk import files_in


def keep_house(app: Flask) -> None:
    HOUSEKEEPER.of(app).do_all()


def age(instance: Path, statement: str) -> None:
    """Make rows as old as if years had passed."""
    connection = databases.opened(instance)
    connection.execute(statement)
    connection.commit()
    connection.close()


LONG_AGO = "'2000-01-01 00:00:00.000000'"


@pytest.fixture(autouse=True)
def counted_afterwards(app: Flask) -> Iterator[None]:
    """Whatever went, the counters know it."""
    yield
    assert counted(app) == recounted(app)


# -- bytes ----------------------------------------------------------------------------------------


def test_bytes_of_a_deleted_project_leave_the_disk(
    app: Flask, alice: Person, project: int, instance: Path
) -> None:
    alice.uploads(b"upload", project_id=project)
    alice.sends_file(alice.makes_workspace(project), "b.bin", b"\0file")
    kept = alice.uploads(b"another's")
    assert alice.delete(f"/projects/{project}").status_code == 204
    keep_house(app)
    assert files_in(instance) == [b"another's"]
    assert kept


def test_bytes_that_somebody_else_has_stay(app: Flask, alice: Person, instance: Path) -> None:
    mine, other = alice.uploads(b"same"), alice.uploads(b"same")
    alice.delete(f"/uploads/{mine['id']}")
    keep_house(app)
    assert files_in(instance) == [b"same"]
    alice.delete(f"/uploads/{other['id']}")
    keep_house(app)
    assert files_in(instance) == []


@pytest.mark.sqlite("file")
def test_pages_go_back_to_the_disk(app: Flask, alice: Person, project: int, instance: Path) -> None:
    history.fill(app, project, 2000, 5000)
    with app.app_context():
        full = pages._driver().execute("PRAGMA page_count").fetchone()[0]
        assert log.prune(retention.timedelta(0)) >= 2000
        free = pages._driver().execute("PRAGMA freelist_count").fetchone()[0]
        assert pages.give_back()
        after = pages._driver().execute("PRAGMA freelist_count").fetchone()[0]
        assert free - after == pages.PAGES_AT_ONCE
        keep_house(app)
        left = pages._driver().execute("PRAGMA page_count").fetchone()[0]
        free = pages._driver().execute("PRAGMA freelist_count").fetchone()[0]
    assert left < full // 4
    assert free <= pages.MIN_FREE_PAGES


@pytest.mark.sqlite("file")
def test_a_database_without_auto_vacuum_is_written_anew_once(
    app: Flask, instance: Path, alice: Person
) -> None:
    with app.app_context():
        driver = pages._driver()
        driver.execute("PRAGMA auto_vacuum=NONE")
        driver.execute("VACUUM")
        assert pages.rewrite_once()
        assert not pages.rewrite_once()
    assert alice.get("/auth/me").status_code == 200


# -- rows -----------------------------------------------------------------------------------------


def test_jobs_that_ended_long_ago_go(app: Flask, desk: Desk, alice: Person, instance: Path) -> None:
    old, young = alice.submits("test_hopeless_talker"), alice.submits()
    desk.work()
    waiting = alice.submits(run_at="2090-01-01T00:00:00Z")
    age(instance, f"UPDATE jobs SET finished_at = {LONG_AGO} WHERE id = {old['id']}")
    keep_house(app)
    assert alice.get(f"/jobs/{old['id']}").status_code == 404
    assert {one["id"] for one in ok(alice.get("/jobs"))["items"]} == {young["id"], waiting["id"]}


def test_sessions_whose_time_was_over_long_ago_go(
    app: Flask, alice: Person, instance: Path
) -> None:
    alice.logs_in()
    age(instance, f"UPDATE sessions SET expires_at = {LONG_AGO} WHERE id % 2 = 0")
    before = sessions(instance)
    keep_house(app)
    assert sessions(instance) == [one for one in before if one % 2]


def sessions(instance: Path) -> list[int]:
    with contextlib.closing(databases.opened(instance)) as connection, connection:
        return [row[0] for row in connection.execute("SELECT id FROM sessions ORDER BY id")]


def test_old_notifications_go(app: Flask, alice: Person, instance: Path) -> None:
    row = "(user_id, kind, event_id, data, created_at)"
    for number, time in enumerate([LONG_AGO] * 3 + ["'2099-01-01 00:00:00.000000'"]):
        values = f"({alice.id}, 'invited', {10_000 + number}, '{{}}', {time})"
        age(instance, f"INSERT INTO notifications {row} VALUES {values}")
    keep_house(app)
    with contextlib.closing(databases.opened(instance)) as connection, connection:
        left = connection.execute("SELECT event_id FROM notifications").fetchall()
    assert left == [(10_003,)]


def test_answers_that_count_no_more_go(app: Flask, alice: Person, instance: Path) -> None:
    for key in ("a", "b"):
        alice.post("/projects", {"name": "P"}, headers={"Idempotency-Key": key})
    age(instance, f"UPDATE idempotency_keys SET created_at = {LONG_AGO} WHERE key = 'a'")
    keep_house(app)
    with contextlib.closing(databases.opened(instance)) as connection, connection:
        assert connection.execute("SELECT key FROM idempotency_keys").fetchall() == [("b",)]


def test_a_reader_of_a_pruned_log_is_told_so_though_the_audit_keeps_some(
    app: Flask, alice: Person, project: int, instance: Path
) -> None:
    alice.tells(project)
    before = len(history.rows(app))
    age(instance, f"UPDATE events SET time = {LONG_AGO}")
    with app.app_context():
        app.config["AUDIT_RETENTION_DAYS"] = 0
        keep_house(app)
        assert log.pruned_through() >= before
        assert not log.recoverable(0)
        assert log.recoverable(log.last_id())
    kinds = {row.type.split(".")[0] for row in history.rows(app)}
    assert kinds == {"account", "session"}
    with app.app_context():
        app.config["AUDIT_RETENTION_DAYS"] = 730
        keep_house(app)
    assert history.rows(app) == []


def test_nothing_goes_where_zero_days_are_set(
    make_app: Callable[..., Flask], alice: Person, project: int, instance: Path, desk: Desk
) -> None:
    alice.submits()
    desk.work()
    age(instance, f"UPDATE events SET time = {LONG_AGO}")
    age(instance, f"UPDATE jobs SET finished_at = {LONG_AGO}")
    names = ("EVENT", "AUDIT", "JOB", "NOTIFICATION", "SESSION")
    app = make_app(**{f"{name}_RETENTION_DAYS": "0" for name in names})
    before = counted(app)
    keep_house(app)
    assert counted(app) == before


# -- the thread -----------------------------------------------------------------------------------


def test_a_chore_that_fails_is_said_and_the_others_go_on(app: Flask) -> None:
    done = threading.Event()

    def failing() -> bool:
        raise RuntimeError("no")

    def working() -> bool:
        done.set()
        return False

    chores = Chore("broken", 1000, failing), Chore("whole", 1000, working)
    keeper = Housekeeper(app, *chores)
    keeper.start()
    assert done.wait(PATIENCE)
    assert keeper.state == "failing: broken"
    keeper.stop()
    assert keeper.state == "stopped"


def test_a_chore_with_much_to_do_lets_the_others_do_theirs(app: Flask) -> None:
    order: list[str] = []
    long = Chore("long", 1000, lambda: order.append("long") or len(order) < 70)  # type: ignore[func-returns-value]
    short = Chore("short", 1000, lambda: bool(order.append("short")))  # type: ignore[func-returns-value]
    keeper = Housekeeper(app, long, short)
    keeper.do_all()
    assert order.count("short") == 1
    assert order.index("short") < 60 < order.count("long")


@pytest.mark.sqlite("file")
def test_a_new_server_keeps_house(tmp_path: Path, template_of_nobody: Path) -> None:
    from collab import create_app

    databases.copy(template_of_nobody, tmp_path)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path), "HOUSEKEEPING": "on"})
    with http_for(app) as http:
        register(http, "dora")
        checks = http.get("/ready").json()["checks"]
    assert checks["housekeeping"] == "ok"
    with app.app_context():
        assert (
            pages._driver().execute("PRAGMA auto_vacuum").fetchone()[0]
            == pages.AUTO_VACUUM_INCREMENTAL
        )
    close(app)
