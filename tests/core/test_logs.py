"""Log lines can be found by the request's id, and hold no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from collab.core.logging import MAX_MESSAGE_LENGTH, JsonFormatter, redact
from collab.extensions import db

from ..support.people import PASSWORD, Person, ok
from ..support.servers import ThreadServer
from ..support.sockets import Socket
from .conftest import Logged

MakeLogged = Callable[..., Logged]


@pytest.fixture(params=["console", "json"])
def log(request: pytest.FixtureRequest, logged: MakeLogged) -> Logged:
    """Return an application that logs for a person, or as JSON."""
    return logged(request.param)


def test_a_request_has_one_line(log: Logged) -> None:
    log.http.get("/health")
    assert len(log.lines) == 1


def test_a_line_has_the_requests_id(log: Logged) -> None:
    log.http.get("/health", headers={"X-Request-ID": "find-me"})
    assert "find-me" in log.lines[0]


@pytest.mark.parametrize("word", ["GET", "/api/v1/nothing", "404"])
def test_a_line_says_what_happened(log: Logged, word: str) -> None:
    log.http.get("/api/v1/nothing")
    assert word in log.lines[0]


def test_a_line_has_the_address_as_it_was_called(log: Logged, alice: Person) -> None:
    log.seen_by(alice).get("/api/projects/")
    assert "/api/projects/" in log.lines[0]


def test_a_level_above_leaves_requests_out(logged: MakeLogged) -> None:
    log = logged(LOG_LEVEL="warning")
    log.http.get("/health")
    assert log.text == ""


def test_an_address_can_not_forge_a_line(log: Logged) -> None:
    log.http.get("/x%0a00:00:00%20ERROR%20all%20is%20lost")
    assert len(log.lines) == 1


@pytest.mark.parametrize("path", ["/" + "token" * 1600, "/" + "a/" * 4000])
def test_a_long_address_is_cut(log: Logged, path: str) -> None:
    log.http.get(path)
    assert (len(log.lines), len(log.text) < 1500, "…" in log.text) == (1, True, True)


def test_a_long_message_is_cut(log: Logged) -> None:
    @log.app.get("/broken")
    def broken() -> str:
        raise RuntimeError("lost " * 100_000)

    log.http.get("/broken")
    assert len(log.text) < 2 * MAX_MESSAGE_LENGTH


# -- JSON -----------------------------------------------------------------------------------------


def test_a_json_line_has_fields_for_a_log_store(logged: MakeLogged) -> None:
    log = logged("json")
    log.http.get("/nothing", headers={"X-Request-ID": "mine"})
    entry = json.loads(log.lines[0])
    wanted = {"level": "info", "request_id": "mine", "method": "GET", "path": "/nothing"}
    assert entry | wanted | {"status": 404} == entry


def test_a_json_line_has_the_time_in_utc(logged: MakeLogged) -> None:
    log = logged("json")
    log.http.get("/health")
    assert datetime.fromisoformat(json.loads(log.lines[0])["time"]).utcoffset().seconds == 0


def test_a_bug_in_json_is_one_line_with_its_traceback(logged: MakeLogged) -> None:
    log = logged("json")

    @log.app.get("/broken")
    def broken() -> str:
        raise RuntimeError("lost")

    log.http.get("/broken")
    entries = [json.loads(line) for line in log.lines]
    assert "RuntimeError: lost" in entries[0]["exception"]


def test_a_line_outside_of_a_request_has_no_id(logged: MakeLogged) -> None:
    log = logged("json")
    logging.getLogger("collab.test").warning("hello")
    assert "request_id" not in json.loads(log.lines[0])


# -- secrets --------------------------------------------------------------------------------------


def test_registering_logging_in_and_refreshing_leave_no_secret(log: Logged) -> None:
    account = {"email": "new@example.com", "password": PASSWORD}
    bodies = [
        ok(log.http.post("/auth/register", json=account)),
        ok(log.http.post("/auth/login", json=account)),
    ]
    refresh = {"refresh_token": bodies[0]["refresh_token"]}
    bodies.append(ok(log.http.post("/auth/refresh", json=refresh)))
    log.http.post("/auth/login", json=account | {"password": "a wrong password"})
    secrets = [body[name] for body in bodies for name in ("access_token", "refresh_token")]
    assert not [one for one in [*secrets, PASSWORD, "a wrong password"] if one in log.text]


@pytest.mark.parametrize("name", ["token", "ticket", "access_token"])
def test_a_query_leaves_no_secret(log: Logged, alice: Person, name: str) -> None:
    log.http.get(f"/api/v1/auth/me?{name}={alice.token}")
    assert (len(log.lines), alice.token in log.text) == (1, False)


def test_a_token_within_the_path_is_blanked_out(log: Logged, alice: Person) -> None:
    log.http.get(f"/api/v1/ws&token={alice.token}")
    assert (len(log.lines), alice.token in log.text) == (1, False)


@pytest.mark.parametrize("kind", ["console", "json"])
def test_a_socket_and_a_stream_leave_no_secret(
    logged: MakeLogged, alice: Person, project: int, kind: str
) -> None:
    log = logged(kind, LOG_LEVEL="debug")
    with ThreadServer(log.app) as server:
        with Socket(server.url, token=alice.token, project_id=project) as ws:
            ws.expect("subscribed")
        url = f"{server.url}/api/v1/events/stream?token={alice.token}"
        with httpx.stream("GET", url) as stream:
            assert stream.status_code == 200
        ticket = ok(log.seen_by(alice).post("/auth/ticket"))["ticket"]
        url = f"{server.url}/api/v1/events/stream?ticket={ticket}"
        for query, status in ("", 200), ("", 200), ("&topic=posts", 401):
            with httpx.stream("GET", url + query) as stream:
                assert stream.status_code == status
    assert "/events/stream" in log.text
    assert [one for one in (alice.token, ticket) if one in log.text] == []


@pytest.mark.parametrize("logger", ["werkzeug", "gunicorn.error"])
def test_the_servers_own_lines_leave_no_secret(
    logged: MakeLogged, alice: Person, caplog: pytest.LogCaptureFixture, logger: str
) -> None:
    logged()
    logging.getLogger(logger).error('"GET /ws?token=%s HTTP/1.1" %d -', alice.token, 101)
    assert caplog.messages == ['"GET /ws?token=*** HTTP/1.1" 101 -']


def test_a_bug_leaves_no_secret_that_its_message_holds(log: Logged, alice: Person) -> None:
    @log.app.get("/broken")
    def broken() -> str:
        raise RuntimeError({"password": PASSWORD, "sent": f"Bearer {alice.token}"})

    log.http.get("/broken")
    found = [one for one in (PASSWORD, alice.token, "battery") if one in log.text]
    assert ("RuntimeError" in log.text, found) == (True, [])


def test_a_failed_statement_does_not_show_its_values(log: Logged) -> None:
    values = {"email": "secret"}

    @log.app.get("/broken")
    def broken() -> str:
        db.session.execute(text("INSERT INTO users (email) VALUES (:email)"), values)
        return ""

    log.http.get("/broken")
    assert ("INSERT INTO users" in log.text, "secret" in log.text) == (True, False)


HIDDEN = {
    "?token=abc&after=5": "?token=***&after=5",
    "?ticket=abc": "?ticket=***",
    "Authorization: Bearer abc.def": "Authorization: ***",
    "authorization: bearer abc": "authorization: ***",
    "password=hunter2, name=x": "password=***, name=x",
    "{'password': 'two words', 'name': 'x'}": "{'password': ***, 'name': 'x'}",
    '{"refresh_token": "abc", "a": 1}': '{"refresh_token": ***, "a": 1}',
    '{"new_password":"a b"}': '{"new_password":***}',
    "JWT_SECRET_KEY=abc": "JWT_SECRET_KEY=***",
    "bare eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln there": "bare *** there",
}


@pytest.mark.parametrize("line", HIDDEN)
def test_what_looks_like_a_secret_is_blanked_out(line: str) -> None:
    assert redact(line) == HIDDEN[line]


@pytest.mark.parametrize(
    "before", [MAX_MESSAGE_LENGTH - 10, MAX_MESSAGE_LENGTH - 40, MAX_MESSAGE_LENGTH - 60]
)
@pytest.mark.parametrize("sent", ["Bearer {}", "token={}", "'password': '{} and", "%3D{}"])
def test_of_a_secret_within_which_a_message_is_cut_nothing_is_left(before: int, sent: str) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    line = "x " * (before // 2) + sent.format(token) + " y" * 100
    assert "eyJ" not in redact(line)


@pytest.mark.parametrize("line", ["GET /api/v1/auth/password 204", "3 tokens", "project 5 {}"])
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert redact(line) == line


def test_a_json_line_stays_json_when_something_is_blanked_out() -> None:
    fields: dict[str, Any] = {"path": 'a token="\\"x\\"" b', "status": 200}
    record = logging.makeLogRecord({"msg": 'password: "a\\"b", {', "fields": fields})
    assert json.loads(JsonFormatter().format(record))["status"] == 200
