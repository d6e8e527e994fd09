"""`python app.py`: starting, stopping, and what it says."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from collab.core.security.keys import KEY_NAMES

from .conftest import SETTINGS
from .support import databases
from .support.people import BASE, ok, register
from .support.quiet import NOTHING_BESIDE
from .support.raw import RawSocket
from .support.servers import PLAIN, ROOT, ForkedServer, ProcessServer, run_forked
from .support.sockets import Socket
from .support.streams import Stream
from .support.waiting import PATIENCE, eventually


def has_ended(pid):
    """A process that was killed with its parent may wait for process 1 to take note."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state in "ZX"


@pytest.fixture(scope="class")
def fresh(tmp_path_factory):
    """Return a server that `python app.py` has started, on a folder that was not there."""
    folder = tmp_path_factory.mktemp("fresh")
    with ProcessServer(
        folder / "instance", ACCESS_TOKEN_MINUTES="30", PASSWORD_HASH_MB="18"
    ) as server:
        yield server


class TestStarting:
    def test_an_empty_folder_is_all_it_needs(self, fresh):
        with httpx.Client(base_url=fresh.url, **PLAIN) as http:
            assert register(http, "dora").id == 1

    def test_it_prints_where_to_look(self, fresh):
        printed = fresh.output.read_text()

        for address in ("/api/docs", "/health", "/ws"):
            assert f":{fresh.port}{address}" in printed

    def test_it_prints_what_is_switched_off_and_why(self, fresh):
        printed = fresh.output.read_text()

        assert "rate limits: RATE_LIMIT is off" in printed
        assert "strong hashes of passwords: PASSWORD_HASH_MB is below 19" in printed

    def test_keys_are_kept_for_its_owner_alone(self, fresh):
        folder = fresh.output.parent

        for name in ("secret_key", "jwt_secret_key"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600

    def test_a_restart_keeps_people_signed_in(self, instance, alice):
        where = databases.settings_of(instance) | NOTHING_BESIDE
        server = ForkedServer(instance, ACCESS_TOKEN_MINUTES="30", **where)
        with server, httpx.Client(base_url=server.url, **PLAIN) as http:
            signed_in = alice.at(http).logs_in()
            server.stop()
            server.start()
            assert ok(signed_in.get("/auth/me"))["id"] == alice.id

    def test_two_at_once_on_one_folder_migrate_once(self, tmp_path):
        servers = [ForkedServer(tmp_path / "instance", **NOTHING_BESIDE) for _ in range(2)]
        threads = [threading.Thread(target=server.start) for server in servers]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        try:
            for server in servers:
                assert httpx.get(server.url + "/ready", **PLAIN).json()["status"] == "ok"
        finally:
            assert [server.stop() for server in servers] == [0, 0]

    def test_a_second_process_tells_what_the_first_recorded(self, quiet, alice, project, over):
        first, second = quiet(), quiet()
        with Stream(second.url, alice.token, project_id=project) as stream:
            stream.until("subscribed")
            told = over(first, alice).tells(project, from_="elsewhere")
            assert stream.until("file.changed").id == str(told)


#: What a server does not import before somebody asks for it, or a setting does.
RARELY_USED = (
    *("alembic", "mako", "flask_migrate"),  # migrations
    *("collab.commands", "collab.maintenance.commands", "collab.demo", "collab.ingest.commands"),
    *("authlib", "requests", "urllib3"),  # OAUTH_…
    *("webauthn", "OpenSSL", "cbor2", "pyotp", "segno"),  # second factors
    *("httpcore", "certifi"),  # other servers
    *("pycrdt", "anyio"),  # texts that are edited together
    *("jsonschema_rs", "openpyxl", "defusedxml", "PIL"),  # schemas of events, tables, pictures
    *("redis", "psycopg", "procrastinate"),  # REDIS_URL, DATABASE_URL
    "opentelemetry",  # OTEL_…
)
#: What is not imported before the first answer, and nothing but a log-in, or a sealed text, needs.
FOR_SECRETS = ("joserfc",)
AT_REST = """
import json, sys
from collab import create_app
from collab.server import prepare
app = create_app(json.loads(sys.argv[1]))
prepare(app)
client = app.test_client()
account = {"email": "eve@example.com", "password": "correct horse battery", "name": "Eve"}
assert client.get("/health").status_code == 200
print(json.dumps(sorted(sys.modules)))
assert client.post("/api/v1/auth/register", json=account).status_code == 201
del account["name"]
token = client.post("/api/v1/auth/login", json=account).json["access_token"]
asked = client.get("/api/v1/projects", headers={"Authorization": f"Bearer {token}"})
assert asked.status_code == 200
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.sqlite("file")  # it has to be migrated already, and lies in the folder
def test_nothing_is_imported_that_is_off_or_rarely_used(instance):
    settings = {"INSTANCE_PATH": str(instance), "LOG_LEVEL": "error"}
    done = subprocess.run(
        [sys.executable, "-c", AT_REST, json.dumps(settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answered, at_rest = map(json.loads, done.stdout.splitlines()[-2:])
    assert [one for one in RARELY_USED if one in at_rest] == []
    assert [one for one in FOR_SECRETS if one in answered] == []


@pytest.fixture(scope="class")
def demo(tmp_path_factory):
    """Return a server that was started with `--demo`, on a folder that was not there."""
    server = ForkedServer(tmp_path_factory.mktemp("demo") / "instance")
    yield server.start("--demo")
    server.stop()


def counts(instance):
    """Count what the demo is made of."""
    tables = ("users", "projects", "files", "tasks", "posts", "collections", "jobs")
    with contextlib.closing(sqlite3.connect(instance / "collab.db")) as database:
        return {one: database.execute(f"SELECT count(*) FROM {one}").fetchone() for one in tables}


class TestDemo:
    def test_the_people_it_prints_can_log_in(self, demo):
        assert httpx.get(demo.url + "/ready", **PLAIN).json()["status"] == "ok"
        printed = demo.output.read_text()
        password = printed.split("password ")[1].split()[0]
        body = {"email": "alice@example.com", "password": password}

        signed_in = ok(httpx.post(demo.url + "/api/v1/auth/login", json=body, **PLAIN))
        headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
        projects = ok(httpx.get(demo.url + "/api/v1/projects", headers=headers, **PLAIN))["items"]

        assert [one["role"] for one in projects] == ["owner"]

    def test_its_people_are_notified_of_what_it_made(self, demo):
        password = demo.output.read_text().split("password ")[1].split()[0]
        body = {"email": "bob@example.com", "password": password}
        signed_in = ok(httpx.post(demo.url + "/api/v1/auth/login", json=body, **PLAIN))
        headers = {"Authorization": f"Bearer {signed_in['access_token']}"}

        def kinds():
            answer = httpx.get(demo.url + "/api/v1/notifications", headers=headers, **PLAIN)
            return {one["kind"] for one in ok(answer)["items"]}

        eventually(lambda: kinds() >= {"invited", "assigned"})

    def test_a_second_time_adds_nothing(self, demo):
        instance = demo.output.parent
        before = counts(instance)
        command = ("-m", "flask", "--app", "app", "demo")
        again = run_forked(*command, INSTANCE_PATH=str(instance))
        assert counts(instance) == before

        assert again.stdout.startswith("Demo accounts, all with the password ")
        assert again.stdout in demo.output.read_text()


def both(server):
    """Return two processes that serve; nothing while there are fewer."""
    return server.workers if len(server.workers) == 2 else []


class TestBeginningAnew:
    def test_when_the_worker_is_killed_connections_wait_for_the_next_one(self, quiet):
        server = quiet()
        killed = server.worker
        os.kill(killed, signal.SIGKILL)

        assert httpx.get(server.url + "/health", **PLAIN).status_code == 200
        assert server.process.poll() is None
        assert server.worker != killed

    def test_a_hangup_begins_anew_and_people_stay_signed_in(self, quiet, alice, over):
        # Two, whose next ones are forks: a lone one would begin by importing everything again, and
        # that it begins is for its watcher to say (tests/serving/test_watcher.py).
        server = quiet(WEB_PROCESSES="2")
        before, person = eventually(lambda: both(server)), over(server, alice)
        server.signal(signal.SIGHUP)
        eventually(lambda: all(map(has_ended, before)))

        assert ok(person.get("/auth/me"))["id"] == alice.id
        assert server.stop() == 0


class Stopped:
    """A server that was told to stop while everything was open, and what each of it was told."""

    def __init__(self, server, alice, project, number):
        self.server, self.log = server, server.output.parent / "collab.db-wal"
        with contextlib.ExitStack() as opened:
            http = opened.enter_context(httpx.Client(base_url=server.url, **PLAIN))
            person = alice.at(http)
            person.makes_project()
            self.written = self.log.exists() and self.log.stat().st_size
            follows = {"token": alice.token, "project_id": project}
            sockets = [opened.enter_context(Socket(server.url, **follows)) for _ in range(40)]
            for one in sockets:
                one.expect("subscribed")
            connections = (contextlib.closing(RawSocket(server.url)) for _ in range(300))
            silent = [opened.enter_context(one) for one in connections]
            stream = opened.enter_context(Stream(server.url, alice.token, project_id=project))
            stream.until("subscribed")
            last = ok(person.get(f"/events?project_id={project}&limit=100"))["last_id"]
            poll = f"/events?project_id={project}&after={last}&wait=30"
            in_hand = opened.enter_context(half_a_request(server, alice))
            waiting = opened.enter_context(contextlib.closing(long_poll(server, alice, poll)))
            self.worker = server.worker
            assert http.get("/health").status_code == 200  # an idle connection from here on
            server.signal(number)
            in_hand.sendall(BODY[5:])
            self.in_hand = in_hand.recv(12)
            # Half of them answer with a close of their own, the others never say anything.
            self.codes = [one.wait_closed().code for one in sockets[:20]]
            self.poll = json.load(waiting.getresponse())
            self.closing = stream.until("closing")
            stream.rest()
            self.exit = server.process.wait(PATIENCE)
            self.silent = [one.until_closed()[1] for one in silent]


BODY = b'{"name": "In hand"}'


def half_a_request(server, alice):
    """Send a request but for the end of its body, and return the connection."""
    head = (
        "POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {alice.token}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    ).encode()
    raw = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    raw.sendall(head + BODY[:5])
    return raw


def long_poll(server, alice, path):
    """Wait for an answer on a connection that the server has already."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", "/health")
    connection.getresponse().read()
    connection.request("GET", BASE + path, headers={"Authorization": f"Bearer {alice.token}"})
    return connection


@pytest.fixture(scope="class", params=[signal.SIGTERM, signal.SIGINT])
def stopped(request, template, template_with_project, tmp_path_factory):
    """Stop a server in the middle of everything, once by each signal."""
    folder, (source, project) = tmp_path_factory.mktemp("stopping"), template_with_project
    keys = {name: SETTINGS[name] for name in KEY_NAMES}
    server = ForkedServer(folder, **keys, **databases.copy(source, folder))
    with server:
        return Stopped(server, template[1]["alice"], project, request.param)


class TestStopping:
    def test_all_of_that_does_not_hold_it_up(self, stopped):
        """Nor sockets that never answer, hundreds that say nothing, or an idle connection."""
        assert stopped.exit == 0

    def test_open_sockets_are_closed_with_1001(self, stopped):
        assert stopped.codes == [1001] * 20

    def test_hundreds_that_say_nothing_are_told(self, stopped):
        assert stopped.silent == [1001] * 300

    def test_a_stream_is_told_and_ends(self, stopped):
        assert stopped.closing.data["code"] == 1001

    def test_a_long_poll_is_answered(self, stopped):
        assert stopped.poll["items"] == []

    def test_a_request_in_hand_is_finished(self, stopped):
        assert stopped.in_hand == b"HTTP/1.1 201"

    @pytest.mark.sqlite("file")
    def test_what_was_written_is_in_the_database_afterwards(self, stopped):
        assert stopped.written > 0
        assert not stopped.log.exists() or stopped.log.stat().st_size == 0

    def test_nothing_is_left_behind(self, stopped):
        eventually(lambda: has_ended(stopped.worker))


@pytest.fixture
def port(standing):
    """Return the port of a server for all whose requests don't come as far as its application."""
    return standing().port


class TestRefusedRequests:
    """What never reaches the application is answered with problem+json too."""

    @pytest.mark.parametrize(
        ("request_bytes", "status"),
        [
            (b"NONSENSE\r\n\r\n", 400),
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        ],
        ids=["no request", "long line", "bad header", "many headers"],
    )
    def test_as_a_problem(self, port, request_bytes, status):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
            raw.sendall(request_bytes)
            answer = b""
            while chunk := raw.recv(4096):
                answer += chunk

        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"application/problem+json" in head
        assert f'"status":{status}'.encode() in body
