"""The receivers that docs/webhooks.md shows are what they say."""

import os
import re
import subprocess
import sys

import pytest

from collab.config import ROOT

from ..support.npm import PACKAGES, skip_without_node
from ..support.people import ok
from ..support.servers import free_port
from ..support.waiting import eventually

TEXT = (ROOT / "docs" / "webhooks.md").read_text()
PROGRAMS = {
    "python": ("receiver.py", sys.executable),
    "javascript": ("receiver.mjs", "node"),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_receiver_of_the_page_takes_what_is_signed(alice, project, hooks, tmp_path, language):
    name, runner = PROGRAMS[language]
    if language == "javascript":
        skip_without_node("standardwebhooks")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)
    (tmp_path / name).write_text(block)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    values = {"name": "CI", "types": ["task.created"]}
    values["url"] = f"http://127.0.0.1:{(port := free_port())}/hook"
    hook = ok(alice.post(f"/projects/{project}/webhooks", values))
    environ = os.environ | {"SECRET": hook["secret"], "PORT": str(port)}
    out = tmp_path / "out"
    with out.open("w") as file:
        running = subprocess.Popen(
            [runner, name], cwd=tmp_path, env=environ, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        ok(alice.post("/tasks", {"title": "Order the rocket", "project_id": project}))

        def delivered():
            hooks.time_comes()
            hooks.send()
            return hooks.deliveries(alice, hook)[0]["status"] == "delivered"

        eventually(delivered)
        assert "Order the rocket" in eventually(out.read_text)
    finally:
        running.kill()
        running.wait()
