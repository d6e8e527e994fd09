import contextlib
import threading
from dataclasses import asdict
from datetime import datetime

import pytest
from sqlalchemy import event

from collab.core.database import TURNS
from collab.core.parts import BackgroundThread
from collab.extensions import db
from collab.files.editing.proof import proofs
from collab.ops.readiness import READINESS, STANDS_FOR_S, Readiness, is_good
from collab.realtime.transport.live import LIVE

from ..support import databases
from ..support.jobs import Clock
from ..support.people import ok
from ..support.waiting import eventually

#: The tests' applications run no jobs of themselves.
CHECKS = {
    "database": "ok",
    "migrations": "ok",
    "writing": "ok",
    "disk": "ok",
    "housekeeping": "off: HOUSEKEEPING is off",
    "texts": "ok",
    "schedules": "off: SCHEDULES is off",
    "ingest": "off: INGEST_WORKER is off",
    "jobs": "off: JOB_WORKERS is 0",
    "code_execution": "ok",
    "broadcaster": "ok",
    "bell": "ok",
    "webhooks": "off: another process must do it",
    "notifications": "off: another process must do it",
    "mails": "off: another process must do it",
}


def test_health_tells_status_time_and_uptime(nobody):
    body = ok(nobody.get("/health"))

    assert body["status"] == "ok"
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert body["uptime"] >= 0


def test_health_is_not_counted_against_the_limit(make_app):
    from ..conftest import http_for

    with http_for(make_app(RATE_LIMIT="2 per minute")) as http:
        assert {http.get("/health").status_code for _ in range(5)} == {200}


def test_ready_tells_each_part(nobody):
    body = ok(nobody.get("/ready"))
    assert (body["status"], body["checks"]) == ("ok", CHECKS)
    assert body["figures"].keys() == {"texts"}


def test_ready_tells_how_many_texts_were_not_what_was_stored_of_them(nobody):
    assert ok(nobody.get("/ready"))["figures"]["texts"] == asdict(proofs)
    assert asdict(proofs).keys() == {"proven", "differed", "mended"}


def wrong(nobody):
    """Return what `/ready` finds wrong now."""
    answer = nobody.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    return {name: why for name, why in answer.json()["checks"].items() if not is_good(why)}


@pytest.fixture
def clock(app):
    """Return the clock by which `/ready` looks again: whoever moves it has it look."""
    clock = Clock()
    READINESS.put(app, Readiness(app, clock.monotonic))
    return clock


def statement(app, sql):
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE alembic_version",
        "UPDATE alembic_version SET version_num = 'before'",
        "UPDATE alembic_version SET version_num = 'made by a newer one'",
    ],
)
def test_not_ready_with_tables_of_another_version(nobody, app, sql):
    statement(app, sql)
    assert "db upgrade" in wrong(nobody)["migrations"]


@pytest.mark.sqlite("file")
def test_not_ready_without_a_database(nobody, app, instance):
    with app.app_context():
        db.engine.dispose()
    for file in instance.glob("collab.db*"):
        file.unlink()
    (instance / "collab.db").mkdir()
    found = wrong(nobody)
    assert found.keys() >= {"database", "migrations", "writing"}
    assert "does not answer" in found["database"]


def test_not_ready_while_another_process_keeps_everybody_from_writing(nobody, instance):
    with contextlib.closing(databases.opened(instance)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "lock" in wrong(nobody)["writing"]
        other.rollback()


def test_not_ready_while_nobody_gets_a_turn_to_write(nobody, app):
    with TURNS.of(app).one(1):
        assert "turn" in wrong(nobody)["writing"]


def test_not_ready_when_the_broadcaster_has_stopped(nobody, app, clock):
    nobody.get("/ready")
    LIVE.of(app).broadcaster.stop()
    clock.passes(STANDS_FOR_S)
    assert wrong(nobody) == {"broadcaster": "stopped"}


class Dozing(BackgroundThread):
    """A thread that gives no sign of life."""

    stuck_after_s = 0.0

    def _run(self):
        self._stopping.wait()


def test_a_thread_without_a_sign_of_life_is_stuck():
    thread = Dozing("dozing")
    thread.start()
    state = eventually(lambda: thread.state if thread.state != "ok" else None)
    thread.stop()
    assert (state.split(":")[0], thread.state) == ("stuck", "stopped")


def test_what_was_found_stands_for_a_moment(nobody, app, clock):
    asked = []
    statements = lambda *args: asked.append(args[2])  # noqa: E731
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", statements)
    nobody.get("/ready")  # it starts what starts with the first request
    clock.passes(STANDS_FOR_S)
    asked.clear()
    try:
        assert {nobody.get("/ready").status_code for _ in range(20)} == {200}
        once = len(asked)
        clock.passes(STANDS_FOR_S)
        nobody.get("/ready")
        assert (once > 0, len(asked)) == (True, 2 * once)
    finally:
        with app.app_context():
            event.remove(db.engine, "before_cursor_execute", statements)


def looks(app, found):
    with app.app_context():
        found.checks()


def test_while_one_looks_the_others_get_what_was_found_before(app, clock):
    found = Readiness(app, clock.monotonic)
    with app.app_context():
        before = found.checks()
        clock.passes(STANDS_FOR_S)
        with TURNS.of(app).one(1):  # the next look waits for it
            looking = threading.Thread(target=looks, args=(app, found))
            looking.start()
            assert eventually(found._looking.locked)
            assert found.checks() is before
        looking.join()


def test_the_root_tells_where_things_are(http):
    links = ok(http.get("/"))["links"]

    for name in ("docs", "openapi", "asyncapi", "health"):
        assert http.get(links[name]).status_code == 200, name
