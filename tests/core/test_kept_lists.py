"""A list that was read is answered again without reading; never to others, and never outdated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import event

from collab import create_app
from collab.auth.models import User
from collab.core.http.representations.kept_lists import Answer, Kept, KeptLists
from collab.core.http.traits import Trait, traits_of
from collab.extensions import db

from ..conftest import SETTINGS, http_for, make_lasting, makes_project
from ..support import databases
from ..support.people import Person, ok
from ..support.shared import close

#: Every list that is answered before it is read, as somebody asks for it.
LISTS = (
    "/projects",
    "/projects/{project}/members",
    "/projects/{project}/invitations",
    "/projects/{project}/tasks",
    "/projects/{project}/workspaces",
    "/invitations",
    "/workspaces",
    "/workspaces/{workspace}/files",
    "/tasks",
    "/posts",
    "/collections",
    "/collections/{collection}/posts",
    "/uploads",
    "/jobs",
    "/jobs/{job}/log",
    "/jobs/{job}/attempts",
    "/schedules",
    "/schedules/{schedule}/runs",
    "/notifications",
)
#: What says where an application's data are.
WHERE = ("INSTANCE_PATH", "DATABASE_URL")
#: How each begins, in the rules of the router.
PREFIX = "/api/v1"


def make_all(alice: Person) -> dict[str, int]:
    """Make something for each list; returns the ids."""
    project = makes_project(alice)
    workspace = alice.makes_workspace(project)
    alice.makes_file(workspace)
    alice.makes_task(project_id=project)
    alice.uploads()
    plan = {"name": "Nightly", "cron": "0 3 * * *", "type": "test_echo", "payload": {}}
    return {
        "project": project,
        "workspace": workspace,
        "collection": alice.collects(alice.writes()["id"]),
        "job": alice.submits()["id"],
        "schedule": ok(alice.post("/schedules", plan))["id"],
    }


@pytest.fixture(scope="module")
def furnished(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Person, dict[str, int]]]:
    """Return an application, alice and the ids of her things, once: they are only looked at."""
    folder = tmp_path_factory.mktemp("furnished")
    app = make_lasting(folder, **databases.copy(template[0], folder))
    with http_for(app) as http:
        alice = template[1]["alice"].at(http)
        yield app, alice, make_all(alice)
    close(app)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Note what is asked of the database, but for who calls and whether anything was committed."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "FROM sessions" not in statement and "pg_current_snapshot" not in statement:
            asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def shown(answer: httpx.Response) -> tuple[Any, ...]:
    """Return all that a client sees of an answer, but for the request's id."""
    headers = [one for one in answer.headers.multi_items() if one[0] != "x-request-id"]
    return answer.status_code, sorted(headers), answer.content


def test_these_are_all_lists_that_are_remembered(app: Flask) -> None:
    rules = {
        rule.rule.removeprefix(PREFIX).replace("<id:", "{").replace("_id>", "}")
        for rule in app.url_map.iter_rules()
        if Trait.REMEMBERED in traits_of(app.view_functions[rule.endpoint])
    }
    assert rules == set(LISTS)


@pytest.mark.parametrize("path", LISTS)
def test_the_second_answer_is_the_first_one_without_reading(
    path: str, furnished: tuple[Flask, Person, dict[str, int]]
) -> None:
    app, alice, there = furnished
    address = path.format_map(there)
    first = alice.get(address)
    assert first.status_code == 200
    with statements(app) as asked:
        assert shown(alice.get(address)) == shown(first)
    assert asked == []


@pytest.mark.parametrize("query", ["limit=1", "sort=title", "status=done", "q=no"])
def test_what_is_asked_otherwise_is_another_list(query: str, alice: Person, project: int) -> None:
    for title in ("Launch", "Anchor"):
        alice.makes_task(title, project_id=project)
    whole = alice.get("/tasks").content
    assert alice.get(f"/tasks?{query}").content != whole
    assert alice.get("/tasks").content == whole


def test_a_page_that_has_a_next_one_says_so_again(alice: Person, project: int) -> None:
    for _ in range(2):
        alice.makes_task(project_id=project)
    pages = [alice.get("/tasks?limit=1") for _ in range(2)]
    assert pages[0].links["next"] == pages[1].links["next"]


def test_the_head_of_a_kept_list_has_no_body(alice: Person, project: int) -> None:
    whole = alice.get("/projects")
    head = alice.request("HEAD", "/projects")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(whole.content))


def test_a_kept_list_is_304_for_who_has_it_and_whole_for_who_has_another(
    alice: Person, project: int
) -> None:
    tag = alice.get("/projects").headers["ETag"]
    assert alice.get("/projects", headers={"If-None-Match": tag}).status_code == 304
    assert ok(alice.get("/projects", headers={"If-None-Match": '"other"'}))["items"]


@pytest.mark.parametrize("path", ["/projects", "/tasks", "/projects/{project}/tasks"])
def test_nobody_is_given_anothers_list(
    path: str, alice: Person, bob: Person, charlie: Person, nobody: Person, project: int
) -> None:
    alice.makes_task("Of alice alone")
    path = path.format(project=project)
    ok(alice.get(path))
    assert b"Of alice alone" not in bob.get(path).content
    assert b'"role":"owner"' not in bob.get(path).content
    assert b"Apollo" not in charlie.get(path).content
    assert charlie.get(path).status_code == (404 if str(project) in path else 200)
    assert nobody.get(path).status_code == 401


def test_a_token_without_the_scope_is_given_nothing(alice: Person, project: int) -> None:
    path = f"/projects/{project}/tasks"
    ok(alice.get(path))
    script = alice.comes_with(alice.makes_token("posts:read")["token"])
    assert script.get(path).status_code == 403


def test_whoever_is_removed_is_given_nothing(alice: Person, bob: Person, project: int) -> None:
    path = f"/projects/{project}/tasks"
    ok(bob.get(path))
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert bob.get(path).status_code == 404
    assert project not in [one["id"] for one in ok(bob.get("/projects"))["items"]]


def test_a_session_that_has_ended_is_given_nothing(alice: Person, project: int) -> None:
    ok(alice.get("/projects"))
    ok(alice.post("/auth/logout"))
    assert alice.get("/projects").status_code == 401


def test_a_disabled_account_is_given_nothing(ada: Person, alice: Person, project: int) -> None:
    ok(alice.get("/projects"))
    ok(ada.patch(f"/users/{alice.id}", {"disabled": True}))
    assert alice.get("/projects").status_code == 401


def test_what_is_refused_is_not_kept(alice: Person, charlie: Person, project: int) -> None:
    path = f"/projects/{project}/tasks"
    assert charlie.get(path).status_code == 404
    alice.invites(project, charlie.email, "viewer")
    assert ok(charlie.get(path)) == {"items": [], "next_cursor": None}


def test_whoever_changes_their_address_meanwhile_is_given_invitations_to_the_new_one(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    """Who calls is looked up first; then they have another address, and then the list is read."""
    alice.invites(project, "new@example.org")
    other = create_app(SETTINGS | {name: str(app.config[name]) for name in WHERE})

    @other.before_request
    def move() -> None:
        with app.app_context():
            db.session.get_one(User, bob.id).email = "new@example.org"
            db.session.commit()

    moves = bob.at(http_for(other))
    assert ok(moves.get("/invitations"))["items"] == []
    assert ok(moves.get("/invitations"))["items"]
    close(other)


# -- against one that reads each list -------------------------------------------------------------

#: A request's id, which refusals repeat.
NAMED = {"X-Request-ID": "the-same"}


def acts(people: list[Person], project: int, tasks: list[int]) -> list[Callable[[Random], object]]:
    """Return what people do, in one process or the other."""

    def someone(luck: Random) -> Person:
        return luck.choice(people)

    def makes(luck: Random) -> None:
        made = someone(luck).post("/tasks", {"title": f"{luck.random()}", "project_id": project})
        if made.status_code == 201:
            tasks.append(made.json()["id"])

    def renames(luck: Random) -> None:
        if tasks:
            someone(luck).patch(f"/tasks/{luck.choice(tasks)}", {"title": f"{luck.random()}"})

    def deletes(luck: Random) -> None:
        if tasks:
            someone(luck).delete(f"/tasks/{luck.choice(tasks)}")

    def gives_role(luck: Random) -> None:
        role = {"role": luck.choice(["viewer", "collaborator"])}
        someone(luck).patch(f"/projects/{project}/members/{luck.choice(people).id}", role)

    def removes(luck: Random) -> None:
        whom = luck.choice([one for one in people if one.name != "alice"])
        someone(luck).delete(f"/projects/{project}/members/{whom.id}")

    def invites(luck: Random) -> None:
        body = {"email": luck.choice(people).email, "role": "viewer"}
        someone(luck).post(f"/projects/{project}/members", body)

    return [makes, renames, deletes, gives_role, removes, invites]


def test_whatever_anybody_does_lists_are_as_if_they_were_read(
    make_app: Callable[..., Flask],
    alice: Person,
    bob: Person,
    vera: Person,
    project: int,
) -> None:
    """Two processes keep lists, a third one reads each of them; all have one database."""
    luck, tasks = Random(0), list[int]()
    keep, read = [make_app(), make_app()], make_app(LIST_TAGS="0")
    paths = ("/projects", "/tasks", f"/projects/{project}/tasks", f"/projects/{project}/members")
    clients = [http_for(app) for app in keep]
    people = [[one.at(http) for one in (alice, bob, vera)] for http in clients]
    always = http_for(read)
    does = acts([*people[0], *people[1]], project, tasks)
    for _ in range(25):
        luck.choice(does)(luck)
        for path in luck.sample(paths, 2):
            for number, person in enumerate(people[0]):
                expected = shown(person.at(always).get(path, headers=NAMED))
                assert shown(person.get(path, headers=NAMED)) == expected
                assert shown(people[1][number].get(path, headers=NAMED)) == expected


# -- how much is kept -----------------------------------------------------------------------------


def a_list(size: int, version: str = "1", **headers: str) -> Kept:
    return Kept(version, "tag", Answer(b"x" * size, headers))


def test_answers_take_no_more_room_than_there_is() -> None:
    lists = KeptLists(100, 1600)
    for number in range(50):
        lists.keep(bytes([number]), a_list(100))
    assert len(lists) == 16
    assert lists.find(bytes([49]), "1") == a_list(100)
    assert lists.find(bytes([33]), "1") is None


def test_headers_take_room_as_well() -> None:
    lists = KeptLists(100, 1600)
    for number in range(50):
        lists.keep(bytes([number]), a_list(20, Link="x" * 80))
    assert len(lists) == 16


def test_a_list_that_is_asked_for_again_stays_longer() -> None:
    lists = KeptLists(2, 1600)
    lists.keep(b"a", a_list(1))
    lists.keep(b"b", a_list(1))
    assert lists.find(b"a", "1")
    lists.keep(b"c", a_list(1))
    assert [bool(lists.find(one, "1")) for one in (b"a", b"b", b"c")] == [True, False, True]


def test_a_list_that_replaces_another_takes_its_room() -> None:
    lists = KeptLists(100, 1600)
    for version in range(40):
        lists.keep(b"the same", a_list(100, str(version)))
        lists.keep(b"other", a_list(100, str(version)))
    assert lists.find(b"the same", "39")
    assert lists.find(b"other", "39")


def test_of_an_answer_that_is_too_large_the_tag_alone_is_kept() -> None:
    lists = KeptLists(100, 1600)
    lists.keep(b"large", a_list(101))
    assert lists.find(b"large", "1") == Kept("1", "tag", None)
