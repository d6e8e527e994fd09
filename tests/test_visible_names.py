"""Whatever people call things can be seen and stays in its line, in each field for names."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import httpx

from .support.each import each
from .support.people import Person
from .support.problems import pointers

Names = Callable[[Person, int, str], httpx.Response]


def _workspace(alice: Person, project: int) -> str:
    return f"/workspaces/{alice.makes_workspace(project)}"


#: Each place where somebody names something, by what it is.
NAMED: dict[str, Names] = {
    "account": lambda one, _, name: one.post(
        "/auth/register",
        {"email": f"new{ord(name[0])}@example.com", "password": "a good password", "name": name},
    ),
    "own name": lambda one, _, name: one.patch("/auth/me", {"name": name}),
    "project": lambda one, _, name: one.post("/projects", {"name": name}),
    "renamed project": lambda one, key, name: one.patch(f"/projects/{key}", {"name": name}),
    "workspace": lambda one, key, name: one.post(f"/projects/{key}/workspaces", {"name": name}),
    "renamed workspace": lambda one, key, name: one.patch(_workspace(one, key), {"name": name}),
    "task": lambda one, _, name: one.post("/tasks", {"title": name}),
    "renamed task": lambda one, _, name: one.patch(
        f"/tasks/{one.makes_task()['id']}", {"title": name}
    ),
    "tag": lambda one, _, name: one.post("/tasks", {"title": "x", "tags": [name]}),
    "comment": lambda one, _, name: one.post(
        f"/tasks/{one.makes_task()['id']}/comments", {"body": name}
    ),
    "post": lambda one, _, name: one.post("/posts", {"title": name, "body": "x"}),
    "collection": lambda one, _, name: one.post("/collections", {"name": name}),
    "file": lambda one, key, name: one.post(f"{_workspace(one, key)}/files", {"path": name}),
    "folder": lambda one, key, name: one.post(
        f"{_workspace(one, key)}/files", {"path": f"{name}/a.txt"}
    ),
    "renamed file": lambda one, key, name: one.patch(
        f"/files/{one.makes_file(one.makes_workspace(key), 'a.txt', '')['id']}", {"path": name}
    ),
    "upload": lambda one, _, name: one.post(
        "/uploads", params={"name": name}, content=b"a", headers={}
    ),
    "upload's part": lambda one, _, name: one.post("/uploads", files={"file": (name, b"a")}),
    "function": lambda one, _, name: one.post(
        "/jobs", {"type": "function", "payload": {"name": name}}
    ),
}
HIDING = {"nothing": "\u200b", "filler": "\u3164", "break": "a\u2028b", "turned": "\u202eevil"}
#: Of several lines: something to see is all that it needs.
TEXTS = {"comment"}


@each(product(NAMED, HIDING))
def test_a_name_that_hides_or_turns_is_refused(
    what: str, line: str, *, alice: Person, project: int
) -> None:
    answer = NAMED[what](alice, project, HIDING[line])
    if what in TEXTS and line in ("break", "turned"):
        assert answer.status_code == 201
    else:
        assert pointers(answer), answer.text


SEEN = {"Persian": "می\u200cخو\u0627\u0647م", "emoji": "👩\u200d🚀", "Hindi": "क्\u200dष"}


@each(product([one for one in NAMED if one != "function"], SEEN))
def test_a_name_of_any_script_is_taken(
    what: str, line: str, *, alice: Person, project: int
) -> None:
    assert NAMED[what](alice, project, SEEN[line]).status_code < 300
