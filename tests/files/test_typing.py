"""Whoever goes on typing: the thread that reads hands their edits over, and no promise is less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from flask import Flask

from collab.files.editing.writer import TEXTS
from collab.files.yjs import protocol
from collab.files.yjs.protocol import UPDATE
from collab.realtime.json_door.deferred import MAX_WAITING_MESSAGES
from collab.realtime.json_door.following import MAX_LENGTH_AT_ONCE

from ..support import history
from ..support.people import Person, ok
from ..support.sockets import Socket
from ..support.waiting import PATIENCE
from ..support.yjs import YjsEditor

Connect = Callable[..., Socket]
Yjs = Callable[..., YjsEditor]

REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "no such version": ({"base_version": 10**6}, 422),
    "past the end": ({"edits": [{"retain": 10**6}, {"insert": "x"}]}, 422),
    "no such text": ({"file_id": 10**6}, 404),
    "no edit": ({"edits": 7}, 422),
    "NUL": ({"edits": [{"insert": "\0"}]}, 422),
}


@pytest.fixture
def text(abc: int) -> int:
    """Return alice's text: `abc`, in version 1."""
    return abc


@pytest.fixture
def typist(text: int, bob: Person, connect: Connect) -> Socket:
    """Return bob's socket, over which he has edited the text."""
    made = connect(bob)
    edit = {"file_id": text, "base_version": 1, "edits": [{"insert": "-"}]}
    assert made.ask("file.edit", **edit)["type"] == "file.accepted"
    return made


def send(socket: Socket, text: int, ref: object, **members: Any) -> None:
    edit = {"file_id": text, "base_version": 1, "edits": [{"insert": "x"}]}
    socket.send("file.edit", ref=ref, **edit | members)


def answers(socket: Socket, count: int) -> list[Any]:
    """Return so many answers, in the order in which they came."""
    found: list[Any] = []
    while len(found) < count:
        frame = socket.receive()
        found += [frame] if "ref" in frame else []
    return found


@pytest.mark.parametrize("why", REFUSED)
def test_a_refused_edit_is_answered_in_its_place(why: str, text: int, typist: Socket) -> None:
    wrong, status = REFUSED[why]
    send(typist, text, 0)
    send(typist, text, 1, **wrong)
    send(typist, text, 2)
    first, second, third = answers(typist, 3)
    assert [one["ref"] for one in (first, second, third)] == [0, 1, 2]
    assert (first["type"], third["type"]) == ("file.accepted", "file.accepted")
    assert (second["type"], second["status"]) == ("error", status)


@contextmanager
def held(app: Flask, text: int) -> Iterator[None]:
    """Keep the texts' thread from all edits within this block."""
    release = Event()

    def hold() -> None:
        with app.app_context():
            TEXTS.of(app).inspect(text, lambda _: release.wait(PATIENCE))

    with ThreadPoolExecutor(1) as other:
        holding = other.submit(hold)
        try:
            yield
        finally:
            release.set()
            holding.result()


@pytest.mark.parametrize(
    "between",
    [
        {"type": "ping"},
        {"type": "typing", "payload": {}},
        {"type": "cursor.moved", "position": 0, "version": 1},
        {"type": "activity", "payload": {}},
        {"type": "file.open"},
        {"type": "file.edit", "base_version": 1, "edits": [{"insert": "y" * MAX_LENGTH_AT_ONCE}]},
    ],
    ids=lambda between: str(between["type"]),
)
def test_what_is_sent_between_edits_is_answered_between_them(
    between: dict[str, Any], text: int, typist: Socket, alice: Person, connect: Connect, app: Flask
) -> None:
    typist.ask("typing", topic=f"file:{text}", payload={})
    typist.ask("file.edit", file_id=text, base_version=1, edits=[{"insert": "-"}])
    members = {"file_id": text, "topic": f"file:{text}"} | between
    with held(app, text):
        send(typist, text, 0)
        typist.send(**{"kind": members["type"], **members}, ref=1)
        send(typist, text, 2)
        connect(alice).flush()  # by now the server has read what came before
    assert [one["ref"] for one in answers(typist, 3)] == [0, 1, 2]


def test_more_edits_than_may_wait_are_all_made_in_their_order(text: int, typist: Socket) -> None:
    many = MAX_WAITING_MESSAGES + 20
    for ref in range(many):
        send(typist, text, ref)
    told = answers(typist, many)
    assert [one["ref"] for one in told] == list(range(many))
    assert [one["version"] for one in told] == list(range(3, many + 3))


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), (None, 404)])
def test_who_loses_the_right_edits_no_more(
    role: str | None,
    status: int,
    text: int,
    typist: Socket,
    project: int,
    alice: Person,
    bob: Person,
) -> None:
    member = f"/projects/{project}/members/{bob.id}"
    ok(alice.patch(member, {"role": role}) if role else alice.delete(member))
    send(typist, text, 0)
    assert answers(typist, 1)[0]["status"] == status


def test_a_refusal_of_a_right_is_in_the_audit_with_its_address(
    text: int, vera: Person, connect: Connect, app: Flask
) -> None:
    socket = connect(vera)
    for ref in range(2):
        send(socket, text, ref)
        assert answers(socket, 1)[0]["status"] == 403
    rows = [row for row in history.rows(app) if row.type == "access.refused"]
    assert [(row.actor, row.address) for row in rows] == [(vera.id, "127.0.0.1")] * 2


# -- Yjs ------------------------------------------------------------------------------------------


def test_letters_of_a_yjs_editor_are_all_told_in_their_order(
    text: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    editor, other = yjs(bob, text).sync(), yjs(alice, text).sync()
    for number in range(200):
        editor.edit(3 + number, str(number % 10))
    other.expect_text("abc" + "0123456789" * 20)


def test_a_yjs_editor_who_becomes_a_viewer_is_denied_the_next_letter(
    text: int, project: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    editor, other = yjs(bob, text).sync(), yjs(alice, text).sync()
    editor.edit(0, "-")
    other.expect_text("-abc")
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    editor.edit(0, "x")
    editor.until_denied()
    other.edit(0, "y")
    other.sync()
    assert str(other.text) == "y-abc"


def test_a_letter_whose_beginning_was_lost_has_the_editor_asked_for_all(
    text: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    editor, other = yjs(bob, text).sync(), yjs(alice, text).sync()
    editor.edit(0, "-")
    other.expect_text("-abc")
    editor.text.insert(0, "lost ")  # not sent
    editor.edit(0, "x")
    while str(other.text) != "xlost -abc":
        editor.read()
        other.sync()


def test_what_is_no_update_closes_with_what_came_before_it_on_disk(
    text: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    editor, other = yjs(bob, text).sync(), yjs(alice, text).sync()
    for _ in range(3):
        editor.edit(0, "-")
    editor.send(protocol.sync(UPDATE, b"\x01\x01\xff"))
    assert editor.wait_closed().code == 4400
    assert str(other.sync().text) == "---abc"
