"""No part of the page shows an older answer after a newer one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from collab.config import ROOT

STATIC = ROOT / "collab" / "web" / "static"
#: A function that fetches and shows, and may run twice at once.
BARE_LOAD = re.compile(r"\b(?:load|again|refresh|reload)\s*=\s*async\b")


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not there")
def test_loads_run_one_at_a_time_and_first_ones_after_their_topic_is_followed() -> None:
    done = subprocess.run(
        ["node", "--test", str(Path(__file__).with_name("newest.test.mjs"))],
        env=os.environ | {"NEWEST_MODULE": str(STATIC / "core" / "newest.js")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout


def bare_loads(source: str) -> list[str]:
    return BARE_LOAD.findall(source)


def test_what_loads_goes_through_the_one_mechanism() -> None:
    bare = {str(path): bare_loads(path.read_text()) for path in STATIC.rglob("*.js")}
    assert {name: found for name, found in bare.items() if found} == {}
    assert len(bare) > 100


def test_a_planted_load_is_found() -> None:
    assert bare_loads("const load = async () => {") == ["const load = async"[6:]]
