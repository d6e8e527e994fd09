"""A body with very many mistakes costs no more than one with a few."""

from __future__ import annotations

from collab.core.errors import MAX_POINTERS, pointers
from collab.core.schemas import MAX_UNKNOWN_NAMED


def test_of_very_many_unknown_members_the_first_are_named(alice):
    answer = alice.post("/projects", {f"k{number}": 1 for number in range(24_000)})
    errors = answer.json()["errors"]
    assert answer.status_code == 422
    assert [one["pointer"] for one in errors[:2]] == ["#/k0", "#/k1"]
    assert len(errors) == MAX_UNKNOWN_NAMED + 1
    assert "more" in errors[-1]["detail"]
    assert len(answer.content) < 4096


def test_a_few_unknown_members_are_all_named(alice):
    answer = alice.post("/projects", {"name": "A", "x": 1, "y": 2})
    assert {one["pointer"] for one in answer.json()["errors"]} == {"#/x", "#/y"}


def test_a_list_that_is_too_long_is_not_looked_into(alice, project):
    workspace = alice.makes_workspace(project)
    path = {"path": "a.txt", "content": "a"}
    file = alice.post(f"/workspaces/{workspace}/files", path).json()["id"]
    edits = [{"nonsense": 1}] * 10_000
    answer = alice.patch(f"/files/{file}/content", {"base_version": 1, "edits": edits})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["#/edits"]


def test_of_mistakes_in_very_many_items_the_first_are_told(alice, project):
    workspace = alice.makes_workspace(project)
    path = {"path": "a.txt", "content": "a"}
    file = alice.post(f"/workspaces/{workspace}/files", path).json()["id"]
    edits = [{"nonsense": 1, "more": 2}] * 1000
    answer = alice.patch(f"/files/{file}/content", {"base_version": 1, "edits": edits})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MAX_POINTERS


def test_few_mistakes_are_told_in_full():
    messages = {"json": {"a": ["one", "two"], "b": {0: {"c": ["three"]}}}}
    assert [one["detail"] for one in pointers(messages)] == ["one", "two", "three"]
