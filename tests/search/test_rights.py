"""Nobody finds what they may not read: of no kind, in no way of asking, at no time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from collab.extensions import db

from ..support.made_once import made_once
from ..support.people import Person, ok
from .rows import titles

EVERYBODY = {"ada", "alice", "bob", "charlie", "vera"}
MEMBERS = EVERYBODY - {"charlie"}

#: Who finds what: the titles that `world` makes.
SEEN_BY = {
    "Zebra project": MEMBERS,
    "Zebra desk": MEMBERS,
    "Zebra task": MEMBERS,
    "zebra.csv": MEMBERS,
    "zebra.md": MEMBERS,
    "Zebra task of alice": {"alice", "ada"},
    "zebra-of-alice.csv": {"alice"},
    "Zebra draft": {"alice"},
    "Zebra post": EVERYBODY,
    "Zebra of ada": {"ada"},
}


@pytest.fixture
def people(
    charlie: Person, vera: Person, bob: Person, alice: Person, ada: Person
) -> dict[str, Person]:
    """Return all people by name."""
    return {one.name: one for one in (charlie, vera, bob, alice, ada)}


@made_once
def zebras(alice: Person, ada: Person) -> int:
    """Make something of every kind; returns the project that most of it is in."""
    project = alice.makes_project("Zebra project", bob="collaborator", vera="viewer")
    desk = alice.makes_workspace(project, "Zebra desk")
    ok(alice.post(f"/workspaces/{desk}/files", {"path": "zebra.md", "content": "stripes"}))
    alice.uploads(name="zebra.csv", project_id=project)
    alice.uploads(name="zebra-of-alice.csv")
    alice.writes("Zebra post")
    alice.writes("Zebra draft", status="draft")
    ada.makes_project("Zebra of ada")
    alice.makes_task("Zebra task", project_id=project)
    alice.makes_task("Zebra task of alice")
    return project


def found_by(person: Person, q: str = "zebra", **query: Any) -> set[str]:
    return set(titles(person.finds(q, **query)))


def seen_by(name: str) -> set[str]:
    return {title for title, names in SEEN_BY.items() if name in names}


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_everybody_finds_what_is_theirs_to_read(
    people: dict[str, Person], zebras: int, name: str
) -> None:
    assert found_by(people[name]) == seen_by(name)


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_what_is_found_can_be_read(people: dict[str, Person], zebras: int, name: str) -> None:
    for one in people[name].finds("zebra"):
        ok(people[name].get(one["url"]))


@pytest.mark.parametrize("kind", ["file", "post", "project", "task", "upload", "workspace"])
def test_an_outsider_finds_what_is_public_only(charlie: Person, zebras: int, kind: str) -> None:
    wanted = {"Zebra post"} if kind == "post" else set()
    assert found_by(charlie, type=kind) == wanted


def test_looking_in_a_project_of_others_is_404(charlie: Person, zebras: int) -> None:
    answer = charlie.get("/search", params={"q": "zebra", "project_id": zebras})
    assert answer.status_code == 404


def test_nobody_is_asked_to_sign_in(nobody: Person) -> None:
    assert nobody.get("/search", params={"q": "zebra"}).status_code == 401


# -- the second time ------------------------------------------------------------------------------


def test_who_is_removed_finds_nothing_any_more(alice: Person, bob: Person, zebras: int) -> None:
    assert found_by(bob) == seen_by("bob")
    ok(alice.delete(f"/projects/{zebras}/members/{bob.id}"))
    assert found_by(bob) == seen_by("charlie")


def test_who_made_something_loses_it_with_the_project(
    alice: Person, bob: Person, zebras: int
) -> None:
    bob.makes_task("Zebra by bob", project_id=zebras)
    bob.uploads(name="zebra-by-bob.csv", project_id=zebras)
    assert {"Zebra by bob", "zebra-by-bob.csv"} <= found_by(bob)
    ok(alice.delete(f"/projects/{zebras}/members/{bob.id}"))
    assert found_by(bob) == seen_by("charlie")


def test_who_is_invited_finds_what_was_there_before(
    alice: Person, charlie: Person, zebras: int
) -> None:
    alice.invites(zebras, charlie.email, "viewer")
    assert found_by(charlie) == seen_by("vera")


def test_an_admin_who_is_none_any_more_finds_their_own(
    alice: Person, ada: Person, zebras: int
) -> None:
    ok(ada.patch(f"/users/{alice.id}", {"role": "admin"}))
    ok(alice.patch(f"/users/{ada.id}", {"role": "user"}))
    assert found_by(ada) == {"Zebra of ada", "Zebra post"}


def test_a_draft_again_is_found_by_its_owner_only(people: dict[str, Person], zebras: int) -> None:
    [post] = people["charlie"].finds("zebra", type="post")
    ok(people["alice"].patch(f"/posts/{post['id']}", {"status": "draft"}))
    finders = {name for name, one in people.items() if "Zebra post" in found_by(one)}
    assert finders == {"alice"}


def test_a_draft_is_found_by_all_once_it_is_published(alice: Person, charlie: Person) -> None:
    post = alice.writes("Zebra", status="draft")
    assert found_by(charlie) == set()
    ok(alice.patch(f"/posts/{post['id']}", {"status": "published"}))
    assert found_by(charlie) == {"Zebra"}


def test_what_is_deleted_is_found_by_nobody(people: dict[str, Person], zebras: int) -> None:
    ok(people["alice"].delete(f"/projects/{zebras}"))
    left = {title for title, names in SEEN_BY.items() if names != MEMBERS}
    assert set().union(*map(found_by, people.values())) == left


# -- the tables decide ----------------------------------------------------------------------------

#: Gives everything all places that would show it to charlie, if the index were believed.
LIE = """
    UPDATE search_index SET scope = scope || ' ' || (
        SELECT group_concat(value || 'public ' || value || 'admin ' || value || 'u' || {user})
        FROM json_each('["project","task","post","upload","workspace","file"]'))
"""


@pytest.mark.sqlite("index")
def test_an_index_that_lies_shows_nothing(app: Flask, charlie: Person, zebras: int) -> None:
    with app.app_context():
        db.session.execute(text(LIE.format(user=charlie.id)))
        db.session.commit()
    assert found_by(charlie) == seen_by("charlie")


@pytest.mark.sqlite("index")
def test_an_index_with_rows_that_are_gone_shows_nothing(app: Flask, ada: Person) -> None:
    ghost = "INSERT INTO search_index (rowid, scope, title) VALUES (7993, 'projectadmin', 'Zebra')"
    with app.app_context():
        db.session.execute(text(ghost))
        db.session.commit()
    assert found_by(ada) == set()


# -- hostile searches -----------------------------------------------------------------------------

HOSTILE = [
    "scope:projectp1",
    "scope : projectp1",
    "projectp1",
    "projectadmin",
    "taskadmin OR zebra",
    '" OR scope : "projectp1',
    '") OR scope : ("projectp1") OR ("',
    "zebra) OR (scope : projectadmin",
    '{scope} : "projectp1"',
    "{scope title} : zebra",
    "- {scope} : zebra",
    "title : zebra",
    "zebra OR zebra",
    "NOT zebra",
    "zebra NOT scope",
    "NEAR(zebra project, 10)",
    "^zebra",
    "zebra*",
    "*",
    "zebra + project",
    "(zebra",
    "zebra)",
    '"zebra',
    'zebra"',
    '""',
    '"""',
    "'; DROP TABLE search_index; --",
    "zebra\x01project",
    "\x01",
    "\ud800zebra",
    "%",
    "-zebra",
    "--zebra",
    "- zebra",
    '-"zebra',
    "a" * 200,
    '"' * 200,
    "-" * 200,
    "a-" * 100,
    "(" * 200,
    "🦓 🦓🏽 👩‍👩‍👧",
    "z\u0301\u0302\u0303ebra",
    "斑馬",
    "\u202eabrez",
    "²³¼",
    "\U0001d4cf\U0001d452\U0001d4b7\U0001d4c7\U0001d4b6",
    "\ufeffzebra",
    "\ue000",
]


def shown_for(person: Person, q: str) -> set[str]:
    """Search for bytes as they are, whether or not they are UTF-8."""
    sent = quote(q.encode(errors="surrogatepass"))
    return set(titles(ok(person.get(f"/search?limit=100&q={sent}"))["items"]))


def test_no_search_shows_more_or_breaks(charlie: Person, zebras: int) -> None:
    more = {q: shown_for(charlie, q) - seen_by("charlie") for q in HOSTILE}
    assert {q: titles for q, titles in more.items() if titles} == {}


MIXTURES = st.lists(st.sampled_from([*HOSTILE, "zebra", " ", '"']), max_size=6).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(MIXTURES | st.text(st.characters(exclude_characters="\x00"), max_size=200))
def test_no_mixture_and_no_text_at_all_does(charlie: Person, zebras: int, q: str) -> None:
    # Half a character comes as three that replace it, and a search has 200 at most.
    assert shown_for(charlie, q[:66]) <= seen_by("charlie")
