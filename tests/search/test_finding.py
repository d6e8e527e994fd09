"""What a search finds, and in which order."""

from __future__ import annotations

from flask import Flask

from ..support.people import Person, ok
from ..support.problems import pointers
from .rows import a_post, a_task, kept, titles


def test_all_kinds_are_found_with_their_addresses(app: Flask, alice: Person) -> None:
    project = alice.makes_project("Zebra project")
    alice.makes_workspace(project, "Zebra desk")
    alice.uploads(project_id=project, name="zebra.csv")
    kept(app, a_task(alice, "Feed the zebra", project), a_post(alice, "On zebras"))
    found = alice.finds("zebra")
    assert {one["type"] for one in found} == {"project", "workspace", "task", "post", "upload"}
    assert all(one["url"] == f"/api/v1/{one['type']}s/{one['id']}" for one in found)


def test_a_result_says_what_and_where_it_is(alice: Person) -> None:
    project = alice.makes_project("Apollo")
    desk = alice.makes_workspace(project, "Moon desk")
    made = ok(alice.get(f"/workspaces/{desk}"))
    assert alice.finds("moon") == [
        {
            "type": "workspace",
            "id": desk,
            "title": "Moon desk",
            "url": f"/api/v1/workspaces/{desk}",
            "project_id": project,
            "project_name": "Apollo",
            "excerpt": {"title_html": "<mark>Moon</mark> desk", "text_html": ""},
            "updated_at": made["updated_at"],
        }
    ]


def test_what_is_in_no_project_says_so(alice: Person) -> None:
    alice.uploads(name="moon.csv")
    [one] = alice.finds("moon")
    assert (one["project_id"], one["project_name"]) == (None, None)


def test_only_some_kinds_are_found_where_asked_for(alice: Person) -> None:
    project = alice.makes_project("Zebra")
    alice.makes_workspace(project, "Zebra")
    alice.uploads(name="zebra")
    found = alice.finds("zebra", type="project,upload")
    assert {one["type"] for one in found} == {"project", "upload"}


def test_only_one_project_is_looked_at_where_asked_for(app: Flask, alice: Person) -> None:
    here, there = alice.makes_project("Zebra here"), alice.makes_project("Zebra there")
    alice.makes_workspace(here, "Zebra desk here")
    alice.makes_workspace(there, "Zebra desk there")
    kept(app, a_post(alice, "Zebra post"), a_task(alice, "Zebra of mine"))
    assert set(titles(alice.finds("zebra", projectId=here))) == {"Zebra here", "Zebra desk here"}


def test_a_kind_that_is_in_no_project_is_not_found_in_one(app: Flask, alice: Person) -> None:
    kept(app, a_post(alice, "Zebra post"))
    assert alice.finds("zebra", type="post", project_id=alice.makes_project()) == []


def test_an_unknown_kind_is_422(alice: Person) -> None:
    answer = alice.get("/search", params={"q": "zebra", "type": "task,member"})
    assert pointers(answer) == ["#/query/type/1"]


def test_without_words_a_search_is_422(alice: Person) -> None:
    assert pointers(alice.get("/search")) == ["#/query/q"]


def test_more_than_200_characters_are_422(alice: Person) -> None:
    assert pointers(alice.get("/search", params={"q": "x" * 10_000})) == ["#/query/q"]


# -- words ----------------------------------------------------------------------------------------

TEXTS = (
    "the launch plan",
    "plan the launch",
    "launching rockets",
    "Crème brûlée",
    "ΣΊΣΥΦΟΣ",
    "日本語の文書",
    "well-known foo_bar v2.0",
    "tag",
)

SEARCHES = [
    ("launch", {"the launch plan", "plan the launch", "launching rockets"}),
    ("LAUNCH plan", {"the launch plan", "plan the launch"}),
    ('"launch plan"', {"the launch plan"}),
    ('"launch plan', {"the launch plan"}),
    ('"launch"', {"the launch plan", "plan the launch"}),
    ("launch -rockets", {"the launch plan", "plan the launch"}),
    ('launch -"the launch"', {"launching rockets"}),
    ("-rockets laun", {"the launch plan", "plan the launch"}),
    ("laun plan", set()),
    ("unch", set()),
    ("la", {"the launch plan", "plan the launch", "launching rockets"}),
    ("l", set()),
    ("日", {"日本語の文書"}),
    ("creme", {"Crème brûlée"}),
    ("CRÈME brulee", {"Crème brûlée"}),
    ("cre\u0300me", {"Crème brûlée"}),
    ("σίσυφος", {"ΣΊΣΥΦΟΣ"}),
    ("日本", {"日本語の文書"}),
    ("known", {"well-known foo_bar v2.0"}),
    ("well-known", {"well-known foo_bar v2.0"}),
    ("foo_bar v2.0", {"well-known foo_bar v2.0"}),
    ("-launch", set()),
    ("", set()),
    ("  ", set()),
    ("!?*", set()),
    ("🚀", set()),
    ("launch 🚀", set()),
]


def test_words_phrases_beginnings_and_exclusions(alice: Person) -> None:
    project = alice.makes_project("Apollo")
    for text in TEXTS:
        alice.makes_workspace(project, text)
    assert {q: set(titles(alice.finds(q))) for q, _ in SEARCHES} == dict(SEARCHES)


def test_only_the_first_16_words_count(alice: Person) -> None:
    alice.makes_project(" ".join(f"w{number}" for number in range(16)))
    assert alice.finds(" ".join(f"w{number}" for number in range(30)))


def test_a_task_is_found_by_its_tags_and_description(app: Flask, alice: Person) -> None:
    kept(app, a_task(alice, "Task", tags=["zebra", "lion"], description="about giraffes"))
    assert titles(alice.finds("lion")) == ["Task"]
    assert titles(alice.finds("zebra giraffe")) == ["Task"]


# -- order ----------------------------------------------------------------------------------------


def test_a_word_in_the_title_weighs_more_than_in_the_text(app: Flask, alice: Person) -> None:
    kept(
        app,
        a_post(alice, "First", body="zebra zebra zebra"),
        a_post(alice, "The zebra", body="and its friends and foes"),
        a_post(alice, "Third", body="a zebra"),
    )
    assert titles(alice.finds("zebra"))[0] == "The zebra"


def test_a_word_in_the_tags_weighs_more_than_in_the_text(app: Flask, alice: Person) -> None:
    tagged = a_task(alice, "One", tags=["zebra"])
    kept(app, tagged, a_task(alice, "Two", description="zebra"))
    assert titles(alice.finds("zebra")) == ["One", "Two"]


def test_among_equals_the_newest_comes_first(alice: Person) -> None:
    made = [alice.makes_project("Zebra") for _ in range(4)]
    assert [one["id"] for one in alice.finds("zebra")] == made[::-1]
    ok(alice.patch(f"/projects/{made[1]}", {"name": "zebra"}))
    assert alice.finds("zebra")[0]["id"] == made[1]
