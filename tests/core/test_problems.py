"""Every error is a problem+json, the framework's own included."""

from __future__ import annotations

import errno
from collections.abc import Callable

import httpx
import pytest
from flask import Flask, Response
from sqlalchemy.exc import OperationalError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from collab.core.errors import NotFound, Unprocessable, translated
from collab.core.errors import problem as problem_of

from ..support.people import Person
from ..support.problems import pointers, problem
from .conftest import Logged


def test_an_unknown_address_is_404(http: httpx.Client) -> None:
    problem(http.get("/api/v1/nothing-here"), 404)


def test_an_address_outside_of_the_api_is_404(http: httpx.Client) -> None:
    problem(http.get("/favicon.ico"), 404)


def test_a_method_that_is_not_taken_is_405(alice: Person) -> None:
    problem(alice.delete("/projects"), 405)


def test_405_says_which_methods_are_taken(alice: Person) -> None:
    allowed = alice.delete("/projects").headers["Allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_method_that_does_not_exist_is_405(alice: Person) -> None:
    problem(alice.request("BREW", "/projects"), 405)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"]
)
def test_a_body_that_is_not_called_json_is_415(alice: Person, kind: str) -> None:
    headers = {"Content-Type": kind}
    problem(alice.request("POST", "/projects", content=b'{"name": "x"}', headers=headers), 415)


def test_a_body_without_a_type_is_415(alice: Person) -> None:
    problem(alice.request("POST", "/projects", content=b'{"name": "x"}'), 415)


def test_a_body_with_a_json_type_of_its_own_is_read(alice: Person) -> None:
    headers = {"Content-Type": "application/vnd.example+json"}
    made = alice.request("POST", "/projects", content=b'{"name": "x"}', headers=headers)
    assert made.status_code == 201


def test_a_missing_token_is_401_and_says_how_to_send_one(http: httpx.Client) -> None:
    response = http.get("/api/v1/projects")
    problem(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="collab"'


def test_422_points_at_each_wrong_member(alice: Person) -> None:
    response = alice.post("/projects", {"name": 1, "description": []})
    assert pointers(response) == ["#/name", "#/description"]


def test_422_points_at_an_unknown_member_with_its_name_escaped(alice: Person) -> None:
    response = alice.post("/projects", {"name": "x", "a/b~c": 1})
    assert pointers(response) == ["#/a~1b~0c"]


# Subclasses come in the order of imports, which each process of pytest has its own of.
@pytest.mark.parametrize(
    "kind",
    sorted(Unprocessable.__subclasses__(), key=lambda kind: (kind.__module__, kind.__name__)),
)
def test_422_of_any_kind_points_somewhere(kind: type[Unprocessable]) -> None:
    assert problem_of(kind())["errors"][0]["pointer"].startswith("#")


def test_422_that_names_no_value_points_at_the_whole_with_its_own_words() -> None:
    errors = problem_of(Unprocessable("Send less."))["errors"]
    assert errors == [{"detail": "Send less.", "pointer": "#"}]


def test_422_points_at_a_wrong_parameter(alice: Person) -> None:
    assert pointers(alice.get("/projects?limit=0")) == ["#/query/limit"]


def test_the_instance_is_the_address_as_it_was_called(alice: Person) -> None:
    assert problem(alice.get("/api/projects/77/"), 404)["instance"] == "/api/projects/77/"


def test_the_instance_leaves_the_query_out(alice: Person) -> None:
    assert problem(alice.get("/projects/77?token=x"), 422)["instance"] == "/api/v1/projects/77"


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/caf%C3%A9", "/caf%C3%A9"), ("/a%0Ab", "/a%0Ab"), ("/a;b=c", "/a;b=c")],
)
def test_the_instance_is_a_uri(wired: httpx.Client, path: str, shown: str) -> None:
    assert problem(wired.get(path), 404)["instance"] == shown


# -- what breaks on our side ----------------------------------------------------------------------


@pytest.fixture
def broken(logged: Callable[..., Logged]) -> Logged:
    """Return an application with a route that raises."""
    made = logged()

    @made.app.get("/api/v1/broken")
    def broken() -> str:
        raise RuntimeError("a detail that is nobody's business")

    return made


def test_a_bug_is_500(broken: Logged) -> None:
    problem(broken.http.get("/api/v1/broken"), 500)


def test_a_bug_shows_nothing_of_itself(broken: Logged) -> None:
    text = broken.http.get("/api/v1/broken").text
    assert not [word for word in ("Traceback", "RuntimeError", "nobody's", ".py") if word in text]


def test_a_bug_is_found_in_the_log_by_the_request_id(broken: Logged) -> None:
    request_id = broken.http.get("/api/v1/broken").headers["X-Request-ID"]
    head, _, traceback = broken.text.partition(f"[{request_id}]")
    assert ("ERROR" in head, "RuntimeError: a detail" in traceback) == (True, True)


def test_a_bug_leaves_the_next_request_unharmed(broken: Logged, alice: Person) -> None:
    broken.http.get("/api/v1/broken")
    assert broken.seen_by(alice).get("/auth/me").status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StaleDataError("somebody was faster"), 412),
        (TimeoutError("no connection"), 503),
        (OSError(errno.ENOSPC, "no space"), 507),
        (KeyError("a bug"), 500),
        (NotFound(), 404),
    ],
)
def test_any_exception_has_an_answer(error: Exception, status: int) -> None:
    assert translated(error).status == status


def test_a_connection_that_was_lost_is_no_bug() -> None:
    lost = OperationalError("SELECT 1", {}, Exception("gone"), connection_invalidated=True)
    assert translated(lost).status == 503


def test_an_answer_that_is_made_by_hand_is_sent_as_it_is(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    handled = app.error_handler_spec[None][None][HTTPException]
    made = Response("see there", 303)
    assert handled(HTTPException(response=made)) is made
