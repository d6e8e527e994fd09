"""Whatever a text may hold is saved through stock Yjs, pasted or from a backlog; no more is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..support.npm import needs_node
from ..support.people import Person

#: Seconds after which a test gives up; the slowest takes some seconds.
PATIENCE_S = 120

pytestmark = needs_node("yjs", "y-websocket", "ws")


#: What is brought, and by whom: how much one person may send in a while is bounded.
WAYS = {"paste": "ada", "cjk": "alice", "emoji": "bob", "backlog": "charlie", "updates": "vera"}

Bring = Callable[[list[tuple[int, str, str]]], list[Any]]


@pytest.fixture
def bring(serve: Any) -> Bring:
    """Return a way to let stock editors bring much at once, with the usual settings.

    Each of them has a text, a person's token and what it brings; returns how each of them ended.
    """
    server = serve(PUBLISH_RATE_KB="1024")

    def run(wanted: list[tuple[int, str, str]]) -> list[Any]:
        url = server.url.replace("http", "ws", 1) + "/yjs"
        script = str(Path(__file__).with_name("backlog.mjs"))
        command = ["node", script, url, json.dumps(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return run


def test_what_a_text_may_hold_is_saved_whole(
    alice: Person, bring: Bring, request: pytest.FixtureRequest
) -> None:
    people = {name: request.getfixturevalue(name) for name in WAYS.values()}
    project = alice.makes_project(**dict.fromkeys(people.keys() - {"alice"}, "collaborator"))
    wanted = [(alice.makes_text(project), people[name].token, way) for way, name in WAYS.items()]
    assert dict(zip(WAYS, bring(wanted), strict=True)) == dict.fromkeys(WAYS, "same")


def test_more_is_refused_for_good_and_the_text_stays_as_it_was(
    alice: Person, bob: Person, project: int, bring: Bring
) -> None:
    text = alice.makes_text(project, "abc")
    assert bring([(text, bob.token, "too_much")]) == [4413]
    assert alice.get(f"/files/{text}/content").text == "abc"
