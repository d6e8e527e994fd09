"""What is made once: each test begins with a copy, whatever the one before has done to its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import http_for
from .support.made_once import made_once
from .support.people import Person, ok

#: How often each state was made.
made = {"shelf": 0, "crowded": 0}


@made_once
def shelf(alice: Person, project: int) -> dict[str, Any]:
    """Return an upload in alice's project."""
    made["shelf"] += 1
    return {"upload": alice.uploads(b"once", project_id=project)["id"], "tasks": []}


@made_once
def crowded(bob: Person, project: int, shelf: dict[str, Any]) -> dict[str, Any]:
    """Return the same, where the project has a task, too."""
    made["crowded"] += 1
    return shelf | {"tasks": [bob.makes_task(project_id=project)["id"]]}


def tasks_of(who: Person, project: int) -> list[int]:
    return [one["id"] for one in ok(who.get(f"/projects/{project}/tasks"))["items"]]


@pytest.mark.parametrize("_", range(2))
def test_nothing_that_a_test_does_to_it_reaches_the_next(
    alice: Person, project: int, shelf: dict[str, Any], _: int
) -> None:
    assert (tasks_of(alice, project), shelf["tasks"]) == ([], [])
    shelf["tasks"].append(alice.makes_task(project_id=project)["id"])
    assert alice.get(f"/uploads/{shelf['upload']}/content").content == b"once"
    ok(alice.delete(f"/uploads/{shelf['upload']}"))
    assert made["shelf"] == 1


@pytest.mark.parametrize("_", range(2))
def test_it_may_be_made_of_another(
    vera: Person, project: int, crowded: dict[str, Any], _: int
) -> None:
    assert tasks_of(vera, project) == crowded["tasks"]
    assert vera.get(f"/uploads/{crowded['upload']}/content").content == b"once"
    assert made == {"shelf": 1, "crowded": 1}


def test_an_application_with_settings_of_its_own_begins_with_it(
    make_app: Any, instance: Path, template: Any, crowded: dict[str, Any], project: int
) -> None:
    with http_for(make_app(RATE_LIMIT="1000 per minute")) as http:
        assert tasks_of(template[1]["vera"].at(http), project) == crowded["tasks"]


def test_who_asks_for_it_too_late_is_told(request: pytest.FixtureRequest, alice: Person) -> None:
    with pytest.raises(AssertionError, match="in time"):
        request.getfixturevalue("shelf")
