from dataclasses import asdict
from datetime import datetime

from collab.extensions import db
from collab.files.editing.proof import proofs
from collab.realtime.transport.live import LIVE

from ..support.people import ok

#: The tests' applications run no jobs of themselves.
CHECKS = {
    "database": "ok",
    "disk": "ok",
    "housekeeping": "off: HOUSEKEEPING is off",
    "texts": "ok",
    "ingest": "off: INGEST_WORKER is off",
    "jobs": "off: JOB_WORKERS is 0",
    "code_execution": "ok",
    "broadcaster": "ok",
    "notifications": "off: another process must do it",
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


def test_not_ready_without_the_tables(nobody, app):
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")

    answer = nobody.get("/ready")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["checks"]["database"] != "ok"


def test_not_ready_when_the_broadcaster_has_stopped(nobody, app):
    nobody.get("/ready")
    LIVE.of(app).broadcaster.stop()

    answer = nobody.get("/ready")

    assert answer.status_code == 503
    assert answer.json()["checks"]["broadcaster"] == "stopped"


def test_the_root_tells_where_things_are(http):
    links = ok(http.get("/"))["links"]

    for name in ("docs", "openapi", "asyncapi", "health"):
        assert http.get(links[name]).status_code == 200, name
