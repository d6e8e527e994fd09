"""Whatever a text may hold is saved through stock Yjs, pasted or from a backlog; no more is."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..support.people import Person

ROOT = Path(__file__).resolve().parents[2]
NEEDED = [ROOT / "tests" / "node_modules" / name for name in ("yjs", "y-websocket", "ws")]
#: Seconds after which a test gives up; the slowest takes some seconds.
PATIENCE_S = 120

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not all(path.exists() for path in NEEDED),
    reason="needs Node and tests/node_modules (npm ci --prefix tests)",
)


@pytest.fixture
def bring(serve: Any, bob: Person) -> Callable[[int, str], Any]:
    """Return a way to let a stock editor of bob's bring much at once, with the usual settings."""
    server = serve(PUBLISH_RATE_KB="1024")

    def run(text: int, what: str) -> Any:
        url = server.url.replace("http", "ws", 1) + "/yjs"
        script = str(Path(__file__).with_name("backlog.mjs"))
        command = ["node", script, url, str(text), bob.token, what]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["end"]

    return run


@pytest.mark.parametrize("what", ["paste", "cjk", "emoji", "backlog", "updates"])
def test_what_a_text_may_hold_is_saved_whole(
    what: str, alice: Person, project: int, bring: Callable[[int, str], Any]
) -> None:
    assert bring(alice.makes_text(project, ""), what) == "same"


def test_more_is_refused_for_good_and_the_text_stays_as_it_was(
    alice: Person, project: int, bring: Callable[[int, str], Any]
) -> None:
    text = alice.makes_text(project, "abc")
    assert bring(text, "too_much") == 4413
    assert alice.get(f"/files/{text}/content").text == "abc"
