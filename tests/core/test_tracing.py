"""Traces: one from a request by its rows to what they cause and the server that is called."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import select

from collab import create_app
from collab.config import ConfigError
from collab.core import tracing
from collab.core.tracing import TRACES
from collab.events.models import EventRow
from collab.extensions import db

from ..conftest import SETTINGS, http_for
from ..support.hooks import Hooks
from ..support.jobs import Desk
from ..support.people import Person, ok

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Sink:
    """Takes traces as a collector does (OTLP over HTTP), and any other POST."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.called: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    found = ExportTraceServiceRequest.FromString(body).resource_spans
                    outer.spans += [
                        one for each in found for scope in each.scope_spans for one in scope.spans
                    ]
                else:
                    outer.called.append(dict(self.headers))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def named(self, name: str) -> Any:
        [found] = [one for one in self.spans if one.name == name]
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.close()


@pytest.fixture
def traced(make_app: Callable[..., Flask], sink: Sink) -> Iterator[Flask]:
    app = make_app(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, ALLOW_PRIVATE_WEBHOOKS="on")
    yield app
    TRACES.of(app).end()


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_a_request_its_job_and_the_server_that_it_calls_are_one_trace(
    traced: Flask, sink: Sink, alice: Person
) -> None:
    desk = Desk(traced)
    with http_for(traced) as http:
        order = {"type": "webhook", "payload": {"url": f"{sink.url}/called/by-secret-name"}}
        ok(alice.at(http).post("/jobs", order, headers={"traceparent": PARENT}))
    desk.work()
    desk.close()
    TRACES.of(traced).flush()
    asked, run, call = (sink.named(name) for name in ("POST /api/v1/jobs", "job webhook", "POST"))
    assert asked.parent_span_id.hex() == PARENT.split("-")[2]
    assert {one.trace_id.hex() for one in (asked, run, call)} == {PARENT.split("-")[1]}
    assert (run.parent_span_id, call.parent_span_id) == (asked.span_id, run.span_id)
    assert sink.called[0]["traceparent"].split("-")[1:3] == [
        call.trace_id.hex(),
        call.span_id.hex(),
    ]
    assert attributes(asked) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/jobs",
        "http.response.status_code": 201,
    }
    assert "secret-name" not in str(sink.spans), "nobody's words are in a span"


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "by another one"])
def test_a_request_its_event_and_the_delivery_to_a_webhook_are_one_trace(
    make_app: Callable[..., Flask],
    traced: Flask,
    sink: Sink,
    alice: Person,
    project: int,
    elsewhere: bool,
) -> None:
    """The delivery is made by this application, or by another one on the same database."""
    sender = make_app(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url) if elsewhere else traced
    desk = Desk(sender)
    hooks = Hooks(sender, desk)
    with http_for(traced) as http:
        owner = alice.at(http)
        asked = {"name": "CI", "url": f"{sink.url}/called", "types": ["task.created"]}
        ok(owner.post(f"/projects/{project}/webhooks", asked))
        task = {"title": "secret words", "project_id": project}
        ok(owner.post("/tasks", task, headers={"traceparent": PARENT}))
        other = PARENT.replace("4bf9", "5bf9")
        ok(owner.post("/tasks", task, headers={"traceparent": other}))
        ok(owner.post("/tasks", task))
    hooks.send()
    desk.close()
    for app in {traced, sender}:
        TRACES.of(app).flush()
    [run] = [one for one in sink.spans if one.name == "job webhook_deliveries"]
    called = [one["traceparent"].split("-")[1] for one in sink.called]
    assert called[:2] == [PARENT.split("-")[1], other.split("-")[1]]
    assert called[2] not in called[:2], "a request without a trace begins its own"
    assert run.trace_id.hex() == called[0]
    mine = [one for one in sink.spans if one.trace_id == run.trace_id]
    ids = {one.span_id: one for one in mine}
    [call] = [one for one in mine if one.name == "POST"]
    way = [call]
    while way[-1].parent_span_id in ids:
        way.append(ids[way[-1].parent_span_id])
    assert [one.name for one in way] == [
        "POST",
        "job webhook_deliveries",
        "webhook deliveries due",
        "POST /api/v1/tasks",
    ]
    assert "secret" not in str(sink.spans)
    if elsewhere:
        TRACES.of(sender).end()


def test_where_nothing_is_traced_no_event_has_a_trace(app: Flask, alice: Person) -> None:
    ok(alice.post("/tasks", {"title": "One"}, headers={"traceparent": PARENT}))
    with app.app_context():
        assert db.session.scalars(select(EventRow.trace).distinct()).all() == [None]


def test_what_matches_no_route_says_nothing_of_its_path(traced: Flask, sink: Sink) -> None:
    with http_for(traced) as http:
        http.request("BREW", "/private-path?token=abc")
    TRACES.of(traced).flush()
    assert [one.name for one in sink.spans] == ["_OTHER unknown"]
    assert "private" not in str(sink.spans)


def test_an_error_s_words_are_in_no_span(traced: Flask, sink: Sink) -> None:
    with traced.app_context(), pytest.raises(RuntimeError), tracing.span("stumbling"):
        raise RuntimeError("private words")
    TRACES.of(traced).flush()
    assert "private" not in str(sink.spans)
    assert sink.named("stumbling")


def test_what_is_no_carrier_begins_a_trace_of_its_own(traced: Flask, sink: Sink) -> None:
    with http_for(traced) as http:
        http.get("/health", headers={"traceparent": "00-nonsense\x7f"})
    TRACES.of(traced).flush()
    assert sink.named("GET /health").parent_span_id == b""


def test_a_collector_that_is_away_keeps_nobody_waiting(make_app: Callable[..., Flask]) -> None:
    app = make_app(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    with http_for(app) as http:
        assert http.get("/health").status_code == 200


def test_without_the_library_the_start_says_what_to_install() -> None:
    app = Flask("bare")
    app.config["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4318"
    with pytest.raises(ConfigError, match=r"pip install -r deploy/requirements-tracing\.txt"):
        tracing.init_app(app, installed=lambda: False)


def test_a_wrong_address_stops_the_start(tmp_path: Any) -> None:
    settings = {"INSTANCE_PATH": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        create_app(SETTINGS | settings)
