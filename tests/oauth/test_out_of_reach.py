"""A provider that is down, slow or talks nonsense: a clear problem, in bounded time."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from collab.oauth.provider_clients import transport
from collab.oauth.provider_clients.providers import PROVIDERS

from ..support.openid import HTML, begin, come_back, fragment
from ..support.receivers import Rude, Says
from ..support.servers import free_port


@pytest.fixture
def moved(app, google):
    """Return a way to have Google's metadata at another port, as after a change of networks."""
    client = PROVIDERS.of(app)["google"].client
    before = client._server_metadata_url

    def move(port):
        client._server_metadata_url, client._loaded_at = f"http://127.0.0.1:{port}/", None

    yield move
    client._server_metadata_url, client._loaded_at = before, None


def refused(answer):
    return answer.status_code, answer.json()["type"]


UNAVAILABLE = (503, "/problems/provider-unavailable")
FAILED = (502, "/problems/provider-failed")


def test_a_provider_that_is_down_is_told_with_a_time_to_come_back(http, moved):
    moved(free_port())
    answer = http.get("/auth/google")
    assert refused(answer) == UNAVAILABLE
    assert int(answer.headers["Retry-After"]) > 0


def test_a_browser_is_told_so_by_the_page(http, moved):
    moved(free_port())
    told = fragment(http.get("/auth/google?return_to=/posts", headers=HTML))
    assert told == {"problem": "provider-unavailable", "provider": "google"}


def trickles(connection, released):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not released.wait(0.05):
        connection.sendall(b"X-More: x\r\n")


def test_a_provider_that_trickles_is_given_up_at_the_deadline(app, http, moved):
    rude = Rude(trickles)
    moved(rude.port)
    app.config["OAUTH_TIMEOUT_SECONDS"] = 1
    began = time.monotonic()
    assert refused(http.get("/auth/google")) == UNAVAILABLE
    assert time.monotonic() - began < 30  # it would go on for ever
    rude.close()


@pytest.mark.parametrize(
    "says",
    [
        Says(body=b"<html>"),
        Says(body=b"[]"),
        Says(body=b"{}"),
        Says(body=b'{"issuer": "https://evil.example"}'),
        Says(404),
        Says(301, {"Location": "http://127.0.0.1:1/"}),
        Says(body=b" " * (transport.MAX_ANSWER_BYTES + 1)),
    ],
    ids=["html", "list", "empty", "issuer", "404", "redirect", "long"],
)
def test_metadata_of_no_use_are_refused(app, http, google, says):
    PROVIDERS.of(app)["google"].client._loaded_at = None
    google.instead["/.well-known/openid-configuration"] = says
    assert refused(http.get("/auth/google")) == FAILED


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_metadata_that_lead_astray_are_refused(app, http, google, wrong):
    PROVIDERS.of(app)["google"].client._loaded_at = None
    google.metadata = wrong
    assert refused(http.get("/auth/google")) == FAILED
    PROVIDERS.of(app)["google"].client._loaded_at = None


@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_a_provider_that_breaks_in_the_middle_is_told_as_out_of_reach(app, http, google, path):
    PROVIDERS.of(app)["google"].client._loaded_at = None
    state = begin(http, "google", google)["state"]
    google.instead[path] = Says(503, body=b"<html>busy")
    assert refused(come_back(http, "google", state, iss=google.url)) == UNAVAILABLE


def test_a_client_that_the_provider_does_not_know_is_no_fault_of_the_persons(http, google):
    state = begin(http, "google", google)["state"]
    google.token = {"error": "invalid_client"}
    assert refused(come_back(http, "google", state, iss=google.url)) == FAILED


def test_few_threads_wait_for_providers_at_once(app, http, google):
    with app.app_context(), ExitStack() as waiting:
        for _ in range(transport.TALKS_AT_ONCE):
            waiting.enter_context(transport.bounded())
        assert refused(http.get("/auth/google")) == UNAVAILABLE
    assert http.get("/auth/google").status_code == 302
