"""A stage that asks another service, which is slow, wrong, or gone."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from collab.ingest.pipeline.event import Event
from collab.ingest.pipeline.loading import Postponed
from collab.ingest.pipeline.outside import (
    CLOSED,
    FAILURES_TO_OPEN,
    FIRST_REST_S,
    HALF_OPEN,
    OPEN,
    Breaker,
    Lookup,
)


class Service:
    """Another service: answers as its `manner` says, and counts how often it was asked."""

    def __init__(self) -> None:
        self.manner, self.asked, self.released = "well", 0, threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.asked += 1
                events = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))[
                    "events"
                ]
                answer = [{"country": "NO"} for _ in events]
                if service.manner == "trickles":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    while not service.released.wait(0.02):
                        self.wfile.write(b"X: y\r\n")
                    return
                body = orjson.dumps({"events": answer})
                body = {"lies": b"[]", "miscounts": b'{"events": []}'}.get(service.manner, body)
                self.send_response(500 if service.manner == "fails" else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/lookup"

    def close(self) -> None:
        """End it."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    """Return another service, which does well."""
    made = Service()
    yield made
    made.close()


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def asks(lookup: Lookup) -> dict[str, object]:
    """Have the stage work on an event; returns its metadata."""
    event = Event("a", "click", 0, 0, 1, 1, "1:0")
    lookup([event], [])
    return event.metadata


def test_what_it_says_comes_into_the_metadata(service):
    assert asks(Lookup(service.url)) == {"country": "NO"}


@pytest.mark.parametrize("manner", ["fails", "lies", "miscounts"])
def test_events_go_on_without_an_answer_that_can_not_be_used(service, manner):
    service.manner = manner
    assert asks(Lookup(service.url)) == {}
    assert service.asked == 3  # it was tried again


def test_where_an_answer_is_needed_the_load_is_put_off(service):
    service.manner = "fails"
    with pytest.raises(Postponed):
        asks(Lookup(service.url, required=True))


def test_a_service_that_trickles_is_given_up_at_the_deadline(service):
    service.manner = "trickles"
    started = time.monotonic()
    assert asks(Lookup(service.url, deadline_s=0.1)) == {}
    assert time.monotonic() - started < 20  # as long as it trickles it would be for ever


def test_after_failures_the_service_is_left_alone_and_then_tried_once(service):
    clock = Clock()
    lookup = Lookup(service.url, breaker=Breaker(clock))
    service.manner = "fails"
    for _ in range(FAILURES_TO_OPEN):
        asks(lookup)
    assert lookup.breaker.state == OPEN
    asked = service.asked
    assert asks(lookup) == {}
    assert service.asked == asked
    clock.now += FIRST_REST_S
    asks(lookup)
    assert (service.asked, lookup.breaker.state) == (asked + 1, OPEN)


def test_a_service_that_is_back_is_asked_again(service):
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES_TO_OPEN):
        breaker.failed()
    clock.now += FIRST_REST_S
    assert breaker.allows()
    assert breaker.state == HALF_OPEN
    assert asks(Lookup(service.url, breaker=breaker)) == {"country": "NO"}
    assert breaker.state == CLOSED


def test_each_failure_after_a_rest_makes_the_next_one_longer():
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES_TO_OPEN):
        breaker.failed()
    clock.now += FIRST_REST_S
    breaker.allows()
    breaker.failed()
    clock.now += FIRST_REST_S
    assert not breaker.allows()
    clock.now += FIRST_REST_S
    assert breaker.allows()
