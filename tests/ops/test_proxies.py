"""Behind nginx and Caddy, with the files of `deploy/`, all works as without; the systemd unit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.config import ROOT

from ..support.people import Person, ok
from ..support.proxies import NGINX, running
from ..support.servers import PLAIN, free_port
from ..support.sockets import Socket, close, opened
from ..support.streams import Stream

DEPLOY = ROOT / "deploy"
#: The largest file, and one that the proxy itself refuses.
LARGEST_BYTES = 25 * 2**20
TOO_LARGE_BYTES = 31 * 2**20
#: An address of this machine that is not the proxy's own.
ELSEWHERE = "127.0.0.5"


def nginx(folder: Path, port: int, upstream: int) -> list[str]:
    text = (DEPLOY / "nginx" / "collab.conf").read_text()
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    (folder / "collab.conf").write_text(text.replace("127.0.0.1:5000", f"127.0.0.1:{upstream}"))
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    return ["nginx", "-e", f"{folder}/error.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"]


def caddy(folder: Path, port: int, upstream: int) -> list[str]:
    text = (DEPLOY / "caddy" / "Caddyfile").read_text()
    text = text.replace("\n:80 {", f"\nhttp://127.0.0.1:{port} {{")
    text = text.replace("127.0.0.1:5000", f"127.0.0.1:{upstream}")
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{text}")
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]
    return ["env", f"XDG_DATA_HOME={folder}", f"XDG_CONFIG_HOME={folder}", *command]


PROXIES = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(params=PROXIES)
def proxied(
    request: pytest.FixtureRequest, quiet: Callable[..., Any], tmp_path: Path
) -> Iterator[str]:
    """Return the address of a proxy with a server behind it."""
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param}: `apt-get install {request.param}`")
    server = quiet(TRUSTED_PROXIES="1")
    folder, port = tmp_path / "proxy", free_port()
    folder.mkdir()
    command = PROXIES[request.param](folder, port, server.port)
    with running(command, port, folder / "output"):
        yield f"http://127.0.0.1:{port}"


def test_behind_a_proxy_all_works_as_without(
    proxied: str, alice: Person, ada: Person, project: int
) -> None:
    elsewhere = httpx.HTTPTransport(local_address=ELSEWHERE, verify=PLAIN["verify"])
    with httpx.Client(base_url=proxied, transport=elsewhere, timeout=PLAIN["timeout"]) as http:
        me = alice.at(http)
        page = me.get(f"/projects/{project}")
        tag = {"If-None-Match": page.headers["ETag"]}
        assert me.get(f"/projects/{project}", headers=tag).status_code == 304
        assert http.get("/metrics").status_code == 404

        follows_live(proxied, me, project)
        uploads(me)
        who_calls_is_known(http, ada.at(http))


def follows_live(url: str, me: Person, project: int) -> None:
    """Hear what happens by a socket and by a stream; open a text as a Yjs editor does."""
    stream = Stream(url, me.token, project_id=project)
    with Socket(url, token=me.token, project_id=project) as ws:
        ws.expect("subscribed")
        stream.until("subscribed")
        me.tells(project, text="through the proxy")
        assert ws.expect("file.changed")["data"]["text"] == "through the proxy"
        assert stream.until("file.changed").data["data"]["text"] == "through the proxy"
    stream.close()
    text = me.makes_text(project, "hello")
    editor = opened(f"{url}/yjs/{text}?token={me.token}")
    assert editor.recv()[:1] == b"\x00", "a message of the sync protocol"
    close(editor)


def uploads(me: Person) -> None:
    """Send files of the greatest size, and beyond what the service and the proxy take."""
    kind = {"Content-Type": "application/octet-stream"}
    content = bytes(LARGEST_BYTES)
    assert me.request("POST", "/uploads", content=content, headers=kind).status_code == 201
    larger = me.request("POST", "/uploads", content=content + b"x", headers=kind)
    assert (larger.status_code, "problem" in larger.headers["Content-Type"]) == (413, True)
    try:
        huge = me.request("POST", "/uploads", content=bytes(TOO_LARGE_BYTES), headers=kind)
    except httpx.TransportError:
        return  # it may close before all of it has been sent (RFC 9110 §15.5.14)
    assert huge.status_code in (413, 502)


def who_calls_is_known(http: httpx.Client, ada: Person) -> None:
    """Log in with a wrong password under a made-up address: the audit has the true one."""
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "X-Forwarded-Host": "evil.example",
    }
    wrong = {"email": "alice@example.com", "password": "a wrong password"}
    assert http.post("/auth/login", json=wrong, headers=forged).status_code == 401
    found = {
        address: ok(ada.get("/audit", params={"address": address}))["items"]
        for address in (ELSEWHERE, "203.0.113.9")
    }
    assert (len(found[ELSEWHERE]) > 0, found["203.0.113.9"]) == (True, [])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
@pytest.mark.parametrize(
    ("name", "command"), [("collab.service", "python"), ("collab-worker.service", "flask")]
)
def test_the_unit_is_one_that_systemd_takes(name: str, command: str, tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / name).read_text()
    program = tmp_path / command
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / name
    unit.write_text(text.replace(f"/opt/collab/.venv/bin/{command}", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True
    )
    ours = [line for line in done.stderr.splitlines() if name in line]
    assert (done.returncode, ours) == (0, [])
