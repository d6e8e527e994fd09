"""No part of the page shows an older answer after a newer one, or waits for a socket for ever."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from collab.config import ROOT

from ..support.npm import needs_node

STATIC = ROOT / "collab" / "web" / "static"
LOAD = "  async load("
LOADS = "(?:load|again|refresh|reload)"
#: A function that fetches and shows, and may run twice at once; and what waits for a topic, without
#: an end where no socket gets through.
BARE = re.compile(
    rf"\b{LOADS}\s*=\s*async\b|^ +async {LOADS}\(|await [\w.#]+\.ready\b", re.MULTILINE
)


@needs_node()
def test_loads_run_one_at_a_time_and_first_ones_after_their_topic_is_followed() -> None:
    done = subprocess.run(
        ["node", "--test", str(Path(__file__).with_name("newest.test.mjs"))],
        env=os.environ | {"NEWEST_MODULE": str(STATIC / "core" / "newest.js")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout


def bare(source: str) -> list[str]:
    return BARE.findall(source)


def test_what_loads_goes_through_the_one_mechanism() -> None:
    found = {str(path.relative_to(STATIC)): bare(path.read_text()) for path in STATIC.rglob("*.js")}
    # Of two loads of the board the later one counts, for its filters are others.
    assert {name: places for name, places in found.items() if places} == {"views/board.js": [LOAD]}
    assert len(found) > 100


@pytest.mark.parametrize(
    "planted",
    ["const load = async () => {", "  async reload() {", "    await this.following.ready;"],
)
def test_a_planted_load_is_found(planted: str) -> None:
    assert len(bare(planted)) == 1
