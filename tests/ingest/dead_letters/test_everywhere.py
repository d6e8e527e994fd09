"""Dead letters of all projects, for admins."""

from __future__ import annotations

from flask import Flask

from collab.ingest.store import writer

from ...support.people import Person, ok
from ...support.stored import add_letter


def test_an_admin_sees_which_projects_have_open_letters(
    app: Flask, ada: Person, alice: Person
) -> None:
    first, second, third = (alice.makes_project() for _ in range(3))
    with app.app_context(), writer() as connection:
        for project, state in ((first, "open"), (first, "open"), (second, "discarded")):
            add_letter(connection, project=project, state=state, rejected_at=60_000)
        add_letter(connection, project=third)
    page = ok(ada.get("/ingest/dead-letters/projects?limit=1"))
    (one,) = page["items"]
    assert (one["project_id"], one["open"]) == (first, 2)
    assert one["oldest_at"] == "1970-01-01T00:01:00Z"
    rest = ok(ada.get(f"/ingest/dead-letters/projects?limit=1&cursor={page['next_cursor']}"))
    assert [one["project_id"] for one in rest["items"]] == [third]
    assert ok(ada.get("/installation"))["dead_letters"] == 3


def test_an_admin_discards_a_projects_letters_and_its_members_see_it(
    app: Flask, ada: Person, alice: Person
) -> None:
    project = alice.makes_project()
    with app.app_context(), writer() as connection:
        key = add_letter(connection, project=project)
    done = ada.post("/ingest/dead-letters/discard", {"project_id": project, "ids": [key]})
    assert ok(done)["counts"] == {"discarded": 1}
    told = ok(alice.get(f"/events?topic=project:{project}"))["items"][-1]
    assert (told["type"], told["actor"]) == ("dead_letters.discarded", ada.id)
    assert ok(ada.get("/ingest/dead-letters/projects"))["items"] == []
