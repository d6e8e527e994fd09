"""Pages of other origins open no sockets, whatever is spoken over them; all else does as before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask

from ..support.each import each
from .test_handshake import HANDSHAKE, knock

#: One address of each door; `test_each_door_is_among_them` compares.
DOORS = {
    "socket.socket": "/ws",
    "socket.notifications": "/ws/notifications",
    "yjs.of_file": "/api/v1/files/1/yjs",
    "yjs.by_name": "/yjs/1",
    "hocuspocus.of_any_file": "/hocuspocus",
    "hocuspocus.of_file": "/hocuspocus/1",
    "socketio.over_websocket": "/socket.io?EIO=4&transport=websocket",
}
POLLS = "/socket.io?EIO=4&transport=polling"
EVIL = "https://evil.example"
#: Origins that are not that of http://collab.test.
FOREIGN = [
    EVIL,
    "null",
    "file://",
    "",
    "http://collab.test:8080",
    "http://collab.test.evil.example",
    "http://evil.example/collab.test",
    "http://[bad",
    "collab.test",
]


def knocked(app: Flask, origin: str | None, door: str = "/ws", **headers: str) -> int:
    """Knock as somebody on another machine: 403, or what a door says that got past the look."""
    client = httpx.Client(
        transport=httpx.WSGITransport(app, raise_app_exceptions=False, remote_addr="203.0.113.9"),
        base_url="http://collab.test",
    )
    sent = headers | ({} if origin is None else {"Origin": origin})
    sent |= {} if door == POLLS else HANDSHAKE
    with client:
        return client.get(door, headers=sent).status_code


def test_each_door_is_among_them(app: Flask) -> None:
    assert {one.endpoint for one in app.url_map.iter_rules() if one.websocket} == set(DOORS)


@each([*DOORS.values(), POLLS])
def test_a_page_of_another_origin_is_refused_at_each_door(door: str, *, app: Flask) -> None:
    assert knocked(app, EVIL, door) == 403


@each(FOREIGN)
def test_what_only_looks_like_this_origin_is_refused(origin: str, *, app: Flask) -> None:
    assert knocked(app, origin) == 403


@each(DOORS.values())
def test_own_pages_and_programs_come_in_at_each_door(door: str, *, server: Any) -> None:
    assert knock(server.url, path=door).status_code == 101
    assert knock(server.url, path=door, Origin=server.url).status_code == 101
    assert knock(server.url, path=door, Origin=EVIL).status_code == 403


def test_polls_of_own_pages_and_programs_come_in(app: Flask) -> None:
    assert knocked(app, None, POLLS) == knocked(app, "http://collab.test", POLLS) == 200


@each(["https://collab.test", "http://COLLAB.test"])
def test_tls_that_a_proxy_ended_makes_no_other_origin(origin: str, *, app: Flask) -> None:
    assert knocked(app, origin) != 403


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"SOCKET_ORIGINS": f"https://app.example, {EVIL}"}, EVIL),
        ({"CORS_ORIGINS": EVIL}, EVIL),
        ({"SOCKET_ORIGINS": "*"}, EVIL),
        ({"SOCKET_ORIGINS": "*"}, "null"),
        ({"CORS_ORIGINS": "*"}, EVIL),
        ({"PUBLIC_URL": f"{EVIL}/collab"}, EVIL),
    ],
    ids=["named", "of routes", "any", "any, a file", "any of routes", "public"],
)
def test_a_setting_lets_others_in(
    make_app: Callable[..., Flask], settings: dict[str, str], origin: str
) -> None:
    app = make_app(**settings)
    assert knocked(app, origin) != 403
    if "*" not in settings.values():
        assert knocked(app, f"{EVIL}.org") == knocked(app, "null") == 403


@each(["null", "file://"])
def test_a_page_that_is_a_file_reaches_its_own_machine_alone(
    origin: str, *, app: Flask, server: Any
) -> None:
    """As `examples/follow.html` does; a proxy on this machine speaks for others."""
    assert knock(server.url, Origin=origin).status_code == 101
    assert knock(server.url, Origin=origin, X_Forwarded_For="203.0.113.9").status_code == 403
    assert knock(server.url, Origin=origin, Host="collab.test").status_code == 403
    assert knocked(app, origin) == 403
