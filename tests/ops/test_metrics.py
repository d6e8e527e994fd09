"""`/metrics`: numbers in Prometheus's format, for the machine itself or whoever has the token."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from collab.core.counting import metrics
from collab.events import log
from collab.events.numbers import READERS
from collab.events.reader import Reader

from ..conftest import http_for
from ..support.people import Person, ok
from ..support.servers import PLAIN
from ..support.waiting import eventually

TOKEN = "a token that only the scraper knows".replace(" ", "-")


def scraped(answer: httpx.Response) -> dict[str, float]:
    """Return the samples of an answer, by name and labels, as Prometheus reads them."""
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    samples = [one for family in families for one in family.samples]
    return {
        one.name
        + "".join(f"|{name}={value}" for name, value in sorted(one.labels.items())): one.value
        for one in samples
    }


def test_no_collector_fails(nobody: Person) -> None:
    found = scraped(nobody.get("/metrics"))
    failed = {name: value for name, value in found.items() if name.endswith("_collector_failed")}
    assert "collab_webhook_collector_failed" in failed
    assert set(failed.values()) == {0.0}


def test_the_machine_itself_reads_the_numbers(nobody: Person) -> None:
    found = scraped(nobody.get("/metrics"))
    assert found["collab_uptime_seconds"] >= 0
    assert found["collab_part_up|part=broadcaster"] == 1
    assert "collab_part_up|part=jobs" not in found, "a part that is off is not down"
    assert found["process_resident_memory_bytes"] > 0


def test_a_scraper_that_reads_openmetrics_gets_it(nobody: Person) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = nobody.get("/metrics", headers=accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


@pytest.mark.parametrize("version", ["x", "1.x.0", "1", "2.0.0", "-1", "1.0.0.0", "", "=1"])
@pytest.mark.parametrize("kind", ["application/openmetrics-text", "text/plain"])
def test_whatever_version_a_scraper_asks_for_it_gets_the_numbers(
    nobody: Person, kind: str, version: str
) -> None:
    accept = f"{kind}; version={version}; escaping=x".encode("latin-1")
    answer = nobody.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert "collab_" in answer.text


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_a_proxy_on_the_machine_is_not_the_machine(nobody: Person, name: str) -> None:
    assert nobody.get("/metrics", headers={name: "for=192.0.2.1"}).status_code == 403


def test_who_comes_through_a_trusted_proxy_is_seen(make_app: Callable[..., Flask]) -> None:
    with http_for(make_app(TRUSTED_PROXIES="1")) as http:
        assert http.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403
        assert http.get("/metrics", headers={"X-Forwarded-For": "::1"}).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "", "unix:"])
def test_another_machine_reads_nothing(app: Flask, address: str) -> None:
    elsewhere = httpx.WSGITransport(app=app, remote_addr=address)
    with httpx.Client(transport=elsewhere, base_url="http://collab.test") as http:
        assert http.get("/metrics").status_code == 403


def test_with_a_token_it_is_asked_of_everybody(make_app: Callable[..., Flask]) -> None:
    app = make_app(METRICS_TOKEN=TOKEN)
    elsewhere = httpx.WSGITransport(app=app, remote_addr="192.0.2.1")
    with (
        httpx.Client(transport=elsewhere, base_url="http://collab.test") as http,
        http_for(app) as local,
    ):
        for given in ({}, {"Authorization": f"Bearer {TOKEN[:-1]}"}, {"Authorization": TOKEN}):
            assert http.get("/metrics", headers=given).status_code == 401
            assert local.get("/metrics", headers=given).status_code == 401
        good = {"Authorization": f"Bearer {TOKEN}"}
        assert http.get("/metrics", headers=good).status_code == 200


def test_a_collector_that_fails_costs_its_own_numbers_only(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    metrics.register(app, "broken", lambda: [1 / 0])  # type: ignore[list-item]
    with http_for(app) as http:
        found = scraped(http.get("/metrics"))
    assert found["collab_broken_collector_failed"] == 1
    assert found["collab_process_collector_failed"] == 0
    assert found["collab_uptime_seconds"] >= 0


# -- what is counted ------------------------------------------------------------------------------

REQUESTS = "collab_http_request_seconds_count|method={}|route={}|status={}"


def test_requests_are_counted_by_their_route_and_never_by_their_path(alice: Person) -> None:
    for key in range(1, 4):
        alice.get(f"/tasks/{key}")
    found = scraped(alice.get("/metrics"))
    assert found[REQUESTS.format("GET", "/api/v1/tasks/{task_id}", "4xx")] == 3
    assert not [name for name in found if "/tasks/1" in name]


def test_what_has_no_route_is_one_series_whatever_it_is_called(nobody: Person) -> None:
    for method, path in (("GET", "/a"), ("BREW", "/b"), ("BREW", "/health"), ("HACK", "/c")):
        nobody.request(method, path)
    found = scraped(nobody.get("/metrics"))
    unknown = {name: found[name] for name in found if name.endswith("route=unknown|status=4xx")}
    counts = {name: value for name, value in unknown.items() if "_count" in name}
    assert counts == {
        REQUESTS.format("GET", "unknown", "4xx"): 1,
        REQUESTS.format("other", "unknown", "4xx"): 3,
    }


@pytest.mark.parametrize("path", ["/auth/me", "/api/auth/me", "/api/v1/auth/me/"])
def test_a_resource_is_one_route_under_all_its_names(alice: Person, path: str) -> None:
    alice.get(path)
    found = scraped(alice.get("/metrics"))
    assert found[REQUESTS.format("GET", "/api/v1/auth/me", "2xx")] == 1


def test_a_bug_counts_as_one(make_app: Callable[..., Flask]) -> None:
    app = make_app(LOG_LEVEL="error")
    app.add_url_rule("/broken", view_func=lambda: 1 / 0)
    with http_for(app) as http:
        http.get("/broken")
        found = scraped(http.get("/metrics"))
    assert found[REQUESTS.format("GET", "/broken", "5xx")] == 1


def test_open_connections_are_counted_by_their_door(
    server: Any, alice: Person, connect: Any, follow: Any, over: Any, project: int
) -> None:
    caller = over(server, alice)
    line, stream = connect(alice), follow(alice)
    line.flush()
    stream.until("subscribed")
    name = "collab_live_connections|door={}"

    def is_open(**wanted: int) -> bool:
        found = scraped(caller.get("/metrics"))
        return all(found.get(name.format(door), 0) == count for door, count in wanted.items())

    assert eventually(lambda: is_open(socket=1, stream=1))
    line.close()
    assert eventually(lambda: is_open(socket=0, stream=1))
    ok(caller.get("/events", params={"wait": 1, "topic": f"project:{project}"}))
    found = scraped(caller.get("/metrics"))
    assert found[name.format("long_poll")] == 0, "its place was taken, and given back"


def test_what_is_given_to_followers_is_counted(
    server: Any, alice: Person, bob: Person, connect: Any, project: int
) -> None:
    readers = [connect(one, project_id=project) for one in (alice, bob)]
    for reader in readers:
        reader.expect("subscribed")
    before = scraped(alice.get("/metrics"))
    alice.tells(project, text="hello")
    server.drain()
    after = scraped(alice.get("/metrics"))

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown("collab_fanout_delivered_total|kind=event") == 2
    assert grown("collab_fanout_lag_seconds_count") >= 1
    assert after["collab_log_published_id"] == after["collab_log_newest_id"]


def test_jobs_are_counted_by_type_and_state(alice: Person, desk: Any) -> None:
    alice.submits("test_hopeless")
    desk.work()
    alice.submits("test_echo")
    alice.submits("test_echo", run_at="2099-01-01T00:00:00Z")
    found = scraped(alice.get("/metrics"))
    assert found["collab_jobs|state=queued|type=test_echo"] == 1
    assert found["collab_jobs|state=delayed|type=test_echo"] == 1
    assert found["collab_job_run_seconds_count|outcome=failed|type=test_hopeless"] == 1
    assert found["collab_jobs_oldest_waiting_seconds"] > 0
    desk.work()
    found = scraped(alice.get("/metrics"))
    assert "collab_jobs|state=queued|type=test_echo" not in found
    assert found["collab_jobs_oldest_waiting_seconds"] == 0
    assert found["collab_job_run_seconds_count|outcome=succeeded|type=test_echo"] == 1


def test_a_reader_of_the_log_that_stands_still_is_seen(app: Flask, alice: Person) -> None:
    reader = Reader("dozing", ["task.created"], lambda rows: None)
    with app.app_context():
        reader.begin()
        READERS.of(app)["dozing"] = reader
    name = "collab_log_reader_waiting_seconds|reader=dozing"
    assert scraped(alice.get("/metrics"))[name] == 0
    ok(alice.post("/tasks", {"title": "Wake up"}))
    assert scraped(alice.get("/metrics"))[name] > 0
    with app.app_context():
        reader.catch_up()
        reached = log.last_id()
    found = scraped(alice.get("/metrics"))
    assert found[name] == 0
    assert found["collab_log_reader_position|reader=dozing"] == reached


def test_the_database_and_the_disk_are_measured(alice: Person) -> None:
    ok(alice.post("/tasks", {"title": "Write"}))
    found = scraped(alice.get("/metrics"))
    assert found["collab_database_bytes|file=main"] > 0
    assert found["collab_disk_free_bytes"] > found["collab_disk_required_bytes"]
    assert found["collab_database_writer_wait_seconds_count"] > 0


def test_a_server_counts_its_connections_and_whom_it_refuses(quiet: Any, nobody: Person) -> None:
    running = quiet()
    with socket.create_connection(("127.0.0.1", running.port)) as line:
        line.sendall(b"NONSENSE\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 400")
    with httpx.Client(base_url=running.url, **PLAIN) as http:
        found = scraped(http.get("/metrics"))
    assert found["collab_http_refused_total|status=400"] == 1
    assert found["collab_http_connections"] >= 1
    assert found["collab_http_requests_in_hand"] == 1, "the one that asks"
