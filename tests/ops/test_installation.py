"""What compose.yaml sets up, without Docker: two web processes and a worker behind nginx."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from ..execution.support import needs_bubblewrap
from ..support.machines import nginx_before
from ..support.people import Person, ok
from ..support.servers import PLAIN, ProcessServer
from ..support.sockets import Socket
from ..support.waiting import eventually
from .test_proxies import DEPLOY

COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
#: Settings that name other containers, or say how this one is closed: not what is tried here.
ELSEWHERE = re.compile(r"_FILE$|_URL$")

Starter = Callable[..., ProcessServer]


def settings(service: str) -> dict[str, str]:
    """Return what compose.yaml sets for a service, but for what leads to other containers."""
    given = COMPOSE["services"][service]["environment"]
    return {
        name: value
        for name, value in given.items()
        if not ELSEWHERE.search(name) and not value.startswith("$")
    }


@pytest.fixture
def webs(process: Starter) -> list[ProcessServer]:
    """Return two web processes, beside which a worker runs."""
    process(**settings("worker"))
    return [process(**settings("web")) for _ in range(2)]


@pytest.fixture
def proxied(webs: list[ProcessServer], tmp_path: Path) -> Iterator[httpx.Client]:
    """Return a client of nginx, with compose.conf, before both."""
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx: `apt-get install nginx-light`")
    ports = [one.port for one in webs]
    with (
        nginx_before(tmp_path / "proxy", ports) as url,
        httpx.Client(base_url=url, **PLAIN) as http,
    ):
        yield http


@needs_bubblewrap
def test_two_web_processes_and_a_worker_are_one_service(
    webs: list[ProcessServer], proxied: httpx.Client, alice: Person, project: int
) -> None:
    me = alice.at(proxied)
    code = {"language": "python", "code": "print(6 * 7)"}
    job = ok(me.post("/jobs", {"type": "code_execution", "project_id": project, "payload": code}))

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = ok(me.get(f"/jobs/{job['id']}"))
        return found if found["status"] in ("succeeded", "failed", "dead") else None

    assert eventually(ended)["result"]["stdout"] == "42\n", "no web process runs any"

    first, second = (Socket(one.url, token=me.token, project_id=project) for one in webs)
    with first, second:
        for socket in (first, second):
            socket.expect("subscribed")
        for text in ("one", "two"):
            me.tells(project, text=text)
        for socket in (first, second):
            heard = [socket.expect("file.changed")["data"]["text"] for _ in range(2)]
            assert heard == ["one", "two"], "once, in order"

    webs[0].stop()
    answers = {me.get(f"/projects/{project}").status_code for _ in range(10)}
    assert answers == {200}, "nginx asks the one that is left"
