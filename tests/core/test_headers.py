"""What every answer carries for the sake of safety."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from flask import Flask

from ..conftest import http_for
from ..support.people import PASSWORD, Person

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}


@pytest.mark.parametrize("path", ["/health", "/nothing", "/api/v1/projects", "/api/openapi.json"])
@pytest.mark.parametrize("name", SECURITY)
def test_answers_have_security_headers(http: httpx.Client, path: str, name: str) -> None:
    assert http.get(path).headers[name] == SECURITY[name]


def test_the_docs_may_run_their_own_scripts_only(http: httpx.Client) -> None:
    policy = http.get("/api/docs").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


# -- HTTPS ----------------------------------------------------------------------------------------


def hsts(app: Flask, **headers: str) -> str | None:
    return http_for(app).get("/health", headers=headers).headers.get("Strict-Transport-Security")


HTTPS = {"X-Forwarded-Proto": "https"}


def test_hsts_is_sent_over_https_behind_a_trusted_proxy(make_app: Callable[..., Flask]) -> None:
    assert hsts(make_app(TRUSTED_PROXIES="1"), **HTTPS) == "max-age=31536000"


def test_hsts_is_not_sent_over_http(make_app: Callable[..., Flask]) -> None:
    assert hsts(make_app(TRUSTED_PROXIES="1"), **{"X-Forwarded-Proto": "http"}) is None


def test_a_proxy_that_is_not_trusted_is_not_believed(app: Flask) -> None:
    assert hsts(app, **HTTPS) is None


# -- caches ---------------------------------------------------------------------------------------

ACCOUNT = {"email": "alice@example.com", "password": PASSWORD}
NEW = {"email": "new@example.com", "password": PASSWORD}


def test_tokens_are_stored_by_nobody(alice: Person) -> None:
    answers = [
        alice.post("/auth/register", NEW),
        alice.post("/auth/login", ACCOUNT),
        alice.post("/auth/refresh", {"refresh_token": alice.refresh_token}),
        alice.post("/auth/ticket"),
    ]
    assert [one.headers["Cache-Control"] for one in answers] == ["no-store"] * 4


@pytest.mark.parametrize("path", ["/projects", "/auth/me", "/users"])
def test_one_persons_answer_never_serves_another(ada: Person, path: str) -> None:
    headers = ada.get(path).headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in headers["Vary"]


# -- other origins --------------------------------------------------------------------------------

HERE, ELSEWHERE = "https://app.example.com", "https://evil.example.com"


def preflight(app: Flask, origin: str = HERE, path: str = "/api/v1/projects") -> httpx.Response:
    """Ask as a browser does before it sends what is not simple."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, if-match",
    }
    return http_for(app).options(path, headers=headers)


def allowed(app: Flask, origin: str = HERE, path: str = "/health") -> str | None:
    answer = http_for(app).get(path, headers={"Origin": origin})
    return answer.headers.get("Access-Control-Allow-Origin")


@pytest.fixture
def open_to(make_app: Callable[..., Flask]) -> Callable[[str], Flask]:
    """Return a maker of applications that other origins may call."""
    return lambda origins: make_app(CORS_ORIGINS=origins)


OpenTo = Callable[[str], Flask]


def test_without_the_setting_no_origin_may_call(app: Flask) -> None:
    assert allowed(app) is None


def test_without_the_setting_a_preflight_is_refused(app: Flask) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(app).headers


def test_an_origin_that_is_set_may_call(open_to: OpenTo) -> None:
    assert allowed(open_to(HERE)) == HERE


def test_another_origin_may_not(open_to: OpenTo) -> None:
    assert allowed(open_to(HERE), ELSEWHERE) is None


LOOKALIKES = [f"{HERE}.evil.com", f"{HERE}:8443", "http://app.example.com", "null"]
LOOKALIKES += ["https://appxexample.com", f"https://evil.com/{HERE}", "https://sub.app.example.com"]


@pytest.mark.parametrize("origin", LOOKALIKES)
def test_an_origin_that_looks_alike_may_not(open_to: OpenTo, origin: str) -> None:
    assert allowed(open_to(HERE), origin) is None


def test_several_origins_may_be_set(open_to: OpenTo) -> None:
    app = open_to(f"http://localhost:5173, {HERE}")
    assert allowed(app, "http://localhost:5173") == "http://localhost:5173"


def test_a_star_lets_every_origin_call(open_to: OpenTo) -> None:
    assert allowed(open_to("*"), ELSEWHERE) in ("*", ELSEWHERE)


def test_errors_can_be_read_from_another_origin_too(open_to: OpenTo) -> None:
    assert allowed(open_to(HERE), path="/api/v1/projects") == HERE


def test_a_preflight_is_answered(open_to: OpenTo) -> None:
    answer = preflight(open_to(HERE))
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, HERE)


def test_a_preflight_allows_the_method(open_to: OpenTo) -> None:
    methods = preflight(open_to(HERE)).headers["Access-Control-Allow-Methods"]
    assert "PATCH" in methods.split(", ")


def test_a_preflight_allows_the_headers(open_to: OpenTo) -> None:
    names = preflight(open_to(HERE)).headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert set(names) == {"authorization", "content-type", "idempotency-key", "if-match"}


def test_a_preflight_of_a_short_path_is_answered(open_to: OpenTo) -> None:
    answer = preflight(open_to(HERE), path="/api/projects/")
    assert answer.headers["Access-Control-Allow-Origin"] == HERE


def test_a_preflight_needs_no_token_and_counts_as_nothing_bad(open_to: OpenTo) -> None:
    assert preflight(open_to(HERE), path="/api/v1/auth/me").status_code == 200


def test_no_credentials_are_allowed(open_to: OpenTo) -> None:
    assert "Access-Control-Allow-Credentials" not in preflight(open_to(HERE)).headers


#: What scripts read anyway, and what is not for them (Fetch §2.2.2).
SAFELISTED = {"cache-control", "content-language", "content-length", "content-type", "expires"}
SAFELISTED |= {"last-modified", "pragma", "vary", "set-cookie"}
#: What browsers obey, and no script asks for.
FOR_BROWSERS = {name.lower() for name in SECURITY}
FOR_BROWSERS |= {"permissions-policy", "cross-origin-opener-policy"}


def exposed_by(answer: httpx.Response) -> set[str]:
    return {one.lower() for one in answer.headers["Access-Control-Expose-Headers"].split(", ")}


def test_a_page_may_read_every_header_that_the_document_names(open_to: OpenTo) -> None:
    http = http_for(open_to(HERE))
    document = http.get("/api/openapi.json", headers={"Origin": HERE})
    named = {
        name.lower()
        for path in document.json()["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for answer in operation.get("responses", {}).values()
        for name in answer.get("headers", {})
    }
    assert {"etag", "link", "retry-after", "www-authenticate"} <= named
    assert named - SAFELISTED <= exposed_by(document)
    assert exposed_by(document) >= {
        *("content-disposition", "content-range", "idempotency-replayed", "location"),
    }


def answers(http: httpx.Client, alice: Person, project: int) -> Iterator[httpx.Response]:
    """Yield answers of many kinds, as a page of another origin gets them."""
    me = alice.at(http)
    me.headers = {"Origin": HERE}
    yield me.get("/projects", params={"limit": 1})
    yield me.get(f"/projects/{project}")
    yield me.post("/projects", {"name": "x"}, headers={"Idempotency-Key": "k"})
    yield me.post("/projects", {"name": "x"}, headers={"Idempotency-Key": "k"})
    text = me.makes_text(project, "x" * 100)
    yield me.get(f"/files/{text}/content")
    yield me.get(f"/files/{text}/content", headers={"Range": "bytes=0-1"})
    upload = me.uploads(b"x" * 100)["id"]
    yield me.get(f"/uploads/{upload}/content", headers={"Range": "bytes=0-1"})
    yield me.get(f"/uploads/{upload}/content", headers={"Range": "bytes=900-"})
    yield Person("nobody", http, headers=me.headers).get("/projects")
    yield me.request("PUT", "/projects")
    yield me.get("/nothing")
    yield me.get("/activity/export")
    for path in ("/", "/metrics", "/health", "/ready", "/api/docs/", "/problems"):
        yield http.get(path, headers=me.headers)


def test_a_page_may_read_every_header_that_comes(
    open_to: OpenTo, alice: Person, project: int
) -> None:
    statuses = set()
    for answer in answers(http_for(open_to(HERE)), alice, project):
        statuses.add(answer.status_code)
        told = {name for name in answer.headers if not name.startswith("access-control-")}
        assert told - SAFELISTED - FOR_BROWSERS <= exposed_by(answer)
    assert statuses >= {200, 201, 206, 401, 404, 405, 416}


@pytest.mark.parametrize("origins", [HERE, f"{HERE},{ELSEWHERE}"])
def test_caches_tell_origins_apart(open_to: OpenTo, origins: str) -> None:
    http, found = http_for(open_to(origins)), {}
    for path in ("/health", "/api/v1/projects", "/", "/api/openapi.json"):
        for sent in (None, HERE, "https://third.example"):
            answer = http.get(path, headers={"Origin": sent} if sent else {})
            named = [one.strip() for one in answer.headers["Vary"].split(",")]
            found[path, sent] = named.count("Origin")
    assert found == dict.fromkeys(found, 1)
