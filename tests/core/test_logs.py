"""Log lines can be found by the request's id, and hold no secret."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from collab.core.logging import ERRORS_PATH
from collab.core.logging.error_file import ErrorFile
from collab.core.logging.lines import ConsoleFormatter, JsonFormatter
from collab.core.logging.redacting import MAX_MESSAGE_LENGTH, redact
from collab.core.logging.repeats import MAX_KINDS, MAX_LINES_OF_A_KIND, WINDOW_S, Repeats
from collab.extensions import db
from collab.realtime.json_door.described import Described
from collab.realtime.json_door.messages import register

from ..support.forks import forked
from ..support.jobs import Clock, Desk
from ..support.people import PASSWORD, Person, ok
from ..support.servers import PLAIN, ThreadServer
from ..support.sockets import Socket
from ..support.waiting import eventually
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
        with httpx.stream("GET", url, **PLAIN) as stream:
            assert stream.status_code == 200
        ticket = ok(log.seen_by(alice).post("/auth/ticket"))["ticket"]
        url = f"{server.url}/api/v1/events/stream?ticket={ticket}"
        for query, status in ("", 200), ("", 200), ("&topic=posts", 401):
            with httpx.stream("GET", url + query, **PLAIN) as stream:
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
    "sent by smtp://me:hunter2@mail.example:25/": "sent by smtp://me:***@mail.example:25/",
    "redis://:hunter2@cache/0 is away": "redis://:***@cache/0 is away",
    "signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZI": "signed with ***",
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


# -- nobody else's lines --------------------------------------------------------------------------

#: What a terminal obeys, or a reader takes for the end of a line.
ACTING = ["\n", "\r\n", "\r", "\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\x7f", "\u2028", "\u202e"]


def _acting(text: str) -> set[str]:
    return {one for one in text if not one.isprintable()}


def test_what_somebody_sends_can_not_act_on_whoever_reads(log: Logged) -> None:
    for acting in ACTING:
        logging.getLogger("collab.test").error("name %s", f"a{acting}00:00:00 ERROR forged")
    assert log.text.count("forged") == len(ACTING)
    assert not [line for line in log.text.split("\n") if line.startswith("00:00:00")]
    assert not _acting("".join(ACTING)) & set(log.text.replace("\n", ""))


def test_what_an_error_says_can_not_act_on_whoever_reads(log: Logged) -> None:
    @log.app.get("/broken/<int:number>")
    def broken(number: int) -> str:
        raise RuntimeError(f"lost{ACTING[number]}00:00:00 ERROR forged")

    for number in range(len(ACTING)):
        log.http.get(f"/broken/{number}")
    assert "forged" in log.text
    assert not [line for line in log.text.split("\n") if line.startswith("00:00:00")]
    assert not _acting("".join(ACTING)) & set(log.text.replace("\n", ""))


@pytest.mark.parametrize("acting", ACTING)
def test_the_servers_own_lines_do_not_act_either(
    logged: MakeLogged, caplog: pytest.LogCaptureFixture, acting: str
) -> None:
    logged()
    logging.getLogger("gunicorn.error").error("bad %s", acting)
    assert not _acting(acting) & set(caplog.messages[0])


def test_a_secret_in_a_path_is_blanked_out(log: Logged) -> None:
    log.app.add_url_rule("/hooks/<hook_token>/<name>", view_func=lambda hook_token, name: "")
    log.http.get("/hooks/a-secret%2Bto%20keep/shown")
    assert "/hooks/{hook_token}/{name}" in log.text
    assert "keep" not in log.text


# -- the request's id where no request runs -------------------------------------------------------


def test_a_line_of_a_socket_has_the_id_of_its_handshake(logged: MakeLogged, alice: Person) -> None:
    log = logged("json")

    def stumble(*_: Any) -> Any:
        raise RuntimeError("stumbled")

    register(log.app, "test.stumble", stumble, Described("Stumble.", {}, {}))
    with ThreadServer(log.app) as server:
        headers = ["X-Request-ID: handshake-7"]
        with Socket(server.url, token=alice.token, headers=headers) as ws:
            ws.send("test.stumble")
            entry = eventually(lambda: found(log, "unexpected error"))
    assert entry["request_id"] == "handshake-7"


def found(log: Logged, message: str) -> dict[str, Any] | None:
    entries = [json.loads(line) for line in log.lines]
    return next((one for one in entries if one["message"] == message), None)


def test_a_line_of_a_job_has_its_name(logged: MakeLogged, alice: Person) -> None:
    log = logged("json")
    desk = Desk(log.app)
    job = log.seen_by(alice).submits("test_buggy", "key")["id"]
    desk.work()
    desk.close()
    entries = [json.loads(line) for line in log.lines]
    assert [one["request_id"] for one in entries if "raised" in one["message"]] == [f"job {job}"]


# -- repeats --------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repeating(clock: Clock) -> Iterator[tuple[logging.Logger, io.StringIO, Repeats]]:
    """Return a logger whose repeats are held back, and what it has said."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ConsoleFormatter())
    logger = logging.Logger("collab.repeating")
    logger.addHandler(handler)
    yield logger, stream, Repeats(handler, passing=("collab.access",), clock=clock.monotonic)
    handler.close()


def test_the_same_error_a_thousand_times_is_a_line_and_a_count(repeating: Any, clock: Any) -> None:
    logger, stream, _ = repeating
    for _ in range(1000):
        logger.error("the disk is full: %s", "no space")
    assert len(stream.getvalue().splitlines()) == 1
    clock.passes(WINDOW_S)
    logger.info("something else")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert "no space (this or similar 999 times more" in lines[1]


def test_one_sentence_about_many_things_is_some_lines_and_a_count(
    repeating: Any, clock: Any
) -> None:
    logger, stream, repeats = repeating
    for number in range(50):
        logger.error("event %s can't be handled", number)
    assert len(stream.getvalue().splitlines()) == MAX_LINES_OF_A_KIND
    clock.passes(WINDOW_S)
    repeats.tell()
    rest = 50 - MAX_LINES_OF_A_KIND
    last = stream.getvalue().splitlines()[-1]
    assert last.endswith(
        f"event 49 can't be handled (this or similar {rest} times more within 10 s)"
    )


def test_errors_of_different_types_are_different(repeating: Any) -> None:
    logger, stream, _ = repeating
    for error in (ValueError("a"), KeyError("a"), ValueError("b"), ValueError("a")):
        logger.error("unexpected error", exc_info=error)
    assert stream.getvalue().count("unexpected error") == 3


def test_what_is_no_trouble_is_never_held_back(repeating: Any) -> None:
    logger, stream, _ = repeating
    for _ in range(5):
        logger.info("GET /health")
    assert len(stream.getvalue().splitlines()) == 5


def test_after_its_time_a_line_is_said_again(repeating: Any, clock: Any) -> None:
    logger, stream, _ = repeating
    logger.error("again")
    clock.passes(WINDOW_S)
    logger.error("again")
    assert len(stream.getvalue().splitlines()) == 2


def test_any_number_of_kinds_is_remembered_in_bounded_memory(repeating: Any) -> None:
    logger, stream, repeats = repeating
    for number in range(MAX_KINDS + 100):
        logger.error(f"kind {number}")
    assert len(repeats._windows) <= MAX_KINDS + 1
    assert len(stream.getvalue().splitlines()) == MAX_KINDS + 100


def test_each_failed_request_keeps_its_line_in_the_log(log: Logged) -> None:
    log.app.add_url_rule("/broken", view_func=lambda: 1 / 0)
    for _ in range(30):
        log.http.get("/broken")
    assert log.text.count("GET /broken") == 30
    assert log.text.count("Traceback") == 1


# -- the file of errors ---------------------------------------------------------------------------


def test_errors_are_in_a_file_too_for_its_owner_alone(log: Logged, instance: Path) -> None:
    log.app.add_url_rule("/broken", view_func=lambda: 1 / 0)
    log.http.get("/health")
    file = instance / ERRORS_PATH
    assert not file.exists(), "nothing has gone wrong"
    log.http.get("/broken?token=hidden", headers={"X-Request-ID": "find-me"})
    text = file.read_text()
    assert ("find-me" in text, "ZeroDivisionError" in text, "hidden" in text) == (True, True, False)
    assert [one.stat().st_mode & 0o777 for one in (file, file.parent)] == [0o600, 0o700]


def test_the_file_of_errors_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "log" / "errors.log"
    handler = ErrorFile(file, most=1000)
    for number in range(200):
        handler.handle(logging.makeLogRecord({"msg": f"{number:050}", "levelno": logging.ERROR}))
    files = sorted(file.parent.iterdir())
    assert [one.name for one in files] == ["errors.log", *(f"errors.log.{n}" for n in (1, 2, 3))]
    assert all(one.stat().st_size <= 1000 for one in files)
    assert file.read_text().endswith(f"{199:050}\n")


def test_several_processes_write_the_file_and_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "log" / "errors.log"

    def write(name: str) -> None:
        handler = ErrorFile(file, most=100_000)
        for number in range(50):
            line = {"msg": f"{name}{number}", "levelno": logging.ERROR}
            handler.handle(logging.makeLogRecord(line))

    children = [forked(partial(write, name)) for name in "abc"]
    assert [os.waitpid(one, 0)[1] for one in children] == [0, 0, 0]
    assert len(set(file.read_text().splitlines())) == 150


def test_a_file_that_can_not_be_written_breaks_nothing(logged: MakeLogged, instance: Path) -> None:
    (instance / "log").write_text("in the way")
    log = logged()
    log.app.add_url_rule("/broken", view_func=lambda: 1 / 0)
    assert log.http.get("/broken").status_code == 500
    assert "ZeroDivisionError" in log.text


def test_the_file_is_no_way_to_another_file(tmp_path: Path) -> None:
    other, file = tmp_path / "other", tmp_path / "log" / "errors.log"
    file.parent.mkdir()
    file.symlink_to(other)
    ErrorFile(file).handle(logging.makeLogRecord({"msg": "x", "levelno": logging.ERROR}))
    assert not other.exists()
