"""A right to a text ends with the commit that takes it away, in whatever process that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from flask import Flask

from collab.core.errors import ApiError, NotFound, Unauthorized

from ..conftest import http_for
from ..support.people import Person, ok
from ..support.texts import TextDesk


@pytest.fixture
def elsewhere(make_app: Callable[..., Flask]) -> Iterator[httpx.Client]:
    """Return a client of another application on the same database."""
    with http_for(make_app()) as http:
        yield http


TAKEN: dict[str, Callable[..., Any]] = {
    "removed": lambda ada, alice, bob, project: alice.delete(
        f"/projects/{project}/members/{bob.id}"
    ),
    "demoted": lambda ada, alice, bob, project: alice.patch(
        f"/projects/{project}/members/{bob.id}", {"role": "viewer"}
    ),
    "disabled": lambda ada, alice, bob, project: ada.patch(f"/users/{bob.id}", {"disabled": True}),
    "project deleted": lambda ada, alice, bob, project: alice.delete(f"/projects/{project}"),
}
STATUS = {"removed": 404, "demoted": 403, "disabled": 401, "project deleted": 404}


@pytest.mark.parametrize("how", TAKEN)
@pytest.mark.parametrize("where", ["here", "in another process"])
def test_who_lost_the_right_writes_no_more(
    how: str,
    where: str,
    elsewhere: httpx.Client,
    ada: Person,
    alice: Person,
    bob: Person,
    project: int,
    text: TextDesk,
) -> None:
    text.changes(bob, "before ")
    there = [one if where == "here" else one.at(elsewhere) for one in (ada, alice)]
    ok(TAKEN[how](*there, bob, project))
    with pytest.raises(ApiError) as refused:
        text.changes(bob, "behind ", base=1)
    assert refused.value.status == STATUS[how]


def test_who_gets_the_right_writes_at_once(
    elsewhere: httpx.Client, alice: Person, charlie: Person, project: int, text: TextDesk
) -> None:
    with pytest.raises(NotFound):
        text.changes(charlie, "before ")
    alice.at(elsewhere).invites(project, charlie.email)
    assert text.changes(charlie, "behind ").version == 1


def test_a_session_that_ended_writes_no_more(bob: Person, text: TextDesk) -> None:
    text.changes(bob, "before ")
    bob.post("/auth/logout")
    with pytest.raises(Unauthorized):
        text.changes(bob, "behind ")
