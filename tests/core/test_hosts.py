"""The header Host is whatever its sender likes: no answer is made of it, and none fails by it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import assume, example, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from collab.serving.messages.gathering import is_host

#: Names of other alphabets, as they are sent: read by the rules of 2003, by those of 2008, by none.
FOREIGN = ("xn--bcher-kva.example", "xn--strae-oqa.example", "xn--a.example")
PIECES = ("xn--", "a", "x", "-", "--", ".", "~", "%41", "%C3%9F", "0", "_", "=", ";", ":80", "(")
HOSTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


def answered(app: Flask, path: str, host: str) -> tuple[str, dict[str, Any]]:
    """Ask as the server does, which takes a Host as it is; a test client would read it."""
    environ = EnvironBuilder(path=path).get_environ() | {"HTTP_HOST": host, "SERVER_NAME": "x"}
    _, status, headers = run_wsgi_app(app.wsgi_app, environ)
    return status, dict(headers)


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/", "/health"])
def test_a_host_of_another_alphabet_is_answered(app: Flask, host: str, path: str) -> None:
    assert answered(app, path, host)[0] == "200 OK"


@pytest.mark.parametrize("host", [*FOREIGN, "evil.example", "EVIL.example:80"])
def test_a_redirect_leads_to_no_other_host(app: Flask, host: str) -> None:
    status, headers = answered(app, "/api/docs//x", host)
    assert (status, headers["Location"]) == ("308 PERMANENT REDIRECT", "/api/docs/x")


def test_no_host_breaks_a_redirect_or_is_in_it(app: Flask) -> None:
    @given(HOSTS)
    @example("a..b")
    @example("a" * 64)
    def check(host: str) -> None:
        assume(is_host(host))
        status, headers = answered(app, "/api/docs//x", host)
        # Some are no names at all, which Werkzeug says.
        assert headers.get("Location") == "/api/docs/x" or status == "400 BAD REQUEST"

    check()
