"""Texts over the socket: opened, edited together, followed by cursors, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support.each import each
from ..support.people import Person, ok
from ..support.sockets import Socket

Connect = Callable[..., Socket]


@pytest.fixture
def text(abc: int) -> int:
    """Return alice's text: `abc`, in version 1."""
    return abc


def edit(socket: Socket, text: int, base: int, *edits: dict[str, Any], **more: Any) -> Any:
    return socket.ask("file.edit", file_id=text, base_version=base, edits=list(edits), **more)


def test_opening_tells_what_the_text_is_now(text: int, bob: Person, connect: Connect) -> None:
    opened = connect(bob).ask("file.open", file_id=text)
    assert (opened["type"], opened["content"], opened["version"]) == ("file.opened", "abc", 1)
    assert (opened["path"], opened["cursors"]) == ("main.py", [])
    assert opened["present"] == [{"user_id": bob.id, "name": "Bob"}]


def test_an_edit_is_accepted_and_told_to_everybody(
    text: int, bob: Person, vera: Person, connect: Connect
) -> None:
    watcher, editor = connect(vera), connect(bob)
    watcher.ask("file.open", file_id=text)
    accepted = edit(editor, text, 1, {"retain": 3}, {"insert": "d"}, edit_id="mine-1")
    assert (accepted["type"], accepted["version"]) == ("file.accepted", 2)
    event = watcher.expect("file.edited")
    assert event["actor"] == bob.id
    assert (event["data"]["version"], event["data"]["edit_id"]) == (2, "mine-1")
    assert event["data"]["edits"] == [{"retain": 3}, {"insert": "d"}]


def test_an_edit_of_an_older_version_is_merged(text: int, bob: Person, connect: Connect) -> None:
    editor = connect(bob)
    edit(editor, text, 1, {"insert": "> "})
    accepted = edit(editor, text, 1, {"retain": 3}, {"insert": "!"})
    assert accepted["edits"] == [{"retain": 5}, {"insert": "!"}]
    assert editor.ask("file.open", file_id=text)["content"] == "> abc!"


def test_an_edit_of_which_nothing_is_left_makes_no_version(
    text: int, bob: Person, connect: Connect
) -> None:
    editor = connect(bob)
    edit(editor, text, 1, {"delete": 2})
    accepted = edit(editor, text, 1, {"delete": 1})
    assert (accepted["version"], accepted["edits"]) == (2, [])


def test_positions_are_utf_16_code_units(text: int, bob: Person, connect: Connect) -> None:
    editor = connect(bob)
    edit(editor, text, 1, {"insert": "😀"})
    edit(editor, text, 2, {"retain": 2}, {"insert": "x"})
    assert editor.ask("file.open", file_id=text)["content"] == "😀xabc"
    refused = edit(editor, text, 3, {"retain": 1}, {"insert": "y"})
    assert refused["status"] == 422


def test_an_edit_that_is_sent_again_is_made_once(text: int, bob: Person, connect: Connect) -> None:
    first = edit(connect(bob), text, 1, {"insert": "x"}, edit_id="one")
    again = edit(connect(bob), text, 1, {"insert": "x"}, edit_id="one")
    assert (again["version"], again["edits"]) == (first["version"], first["edits"])
    assert connect(bob).ask("file.open", file_id=text)["content"] == "xabc"


def test_an_edit_that_is_sent_twice_at_once_is_made_once(
    text: int, bob: Person, connect: Connect
) -> None:
    editor = connect(bob)
    members = {"file_id": text, "base_version": 1, "edits": [{"insert": "x"}], "edit_id": "one"}
    for ref in ("a", "b"):
        editor.send("file.edit", ref=ref, **members)
    versions = [editor.expect("file.accepted", ref=ref)["version"] for ref in ("a", "b")]
    assert versions == [2, 2]


def test_another_person_may_call_an_edit_the_same(
    text: int, alice: Person, bob: Person, connect: Connect
) -> None:
    edit(connect(bob), text, 1, {"insert": "b"}, edit_id="one")
    edit(connect(alice), text, 1, {"insert": "a"}, edit_id="one")
    assert len(connect(bob).ask("file.open", file_id=text)["content"]) == 5


LAST = [(f"activity {number}", f"ping {number}") for number in (9, 19, 29)]


def test_pipelined_edits_are_answered_in_order_with_what_is_between(
    text: int, bob: Person, connect: Connect
) -> None:
    editor = connect(bob)
    for number in range(30):
        members = {"file_id": text, "base_version": 1, "edits": [{"insert": str(number % 10)}]}
        editor.send("file.edit", ref=number, **members)
        if number % 10 == 9:
            editor.send("activity", topic=f"file:{text}", ref=f"activity {number}")
            editor.send("ping", ref=f"ping {number}")
    editor.expect("pong", ref="ping 29")
    refs = [frame["ref"] for frame in editor.seen if "ref" in frame]
    assert refs == [
        ref
        for ten in range(3)
        for ref in (
            *range(10 * ten, 10 * ten + 10),
            f"activity {10 * ten + 9}",
            f"ping {10 * ten + 9}",
        )
    ]


@each(
    [
        ({"file_id": "1"}, "file_id"),
        ({"base_version": -1}, "base_version"),
        ({"base_version": 2}, "base_version"),
        ({"base_version": 1.0}, "base_version"),
        ({"edits": None}, "edits"),
        ({"edits": [{"retain": 0}]}, "edits/0"),
        ({"edits": [{"insert": "a"}, {"delete": True}]}, "edits/1"),
        ({"edits": [{"insert": "a", "retain": 1}]}, "edits/0"),
        ({"edits": [{"delete": 4}]}, "edits"),
        ({"edits": [{"retain": 2**62}, {"retain": 2**62}, {"insert": "a"}]}, "edits"),
        ({"edit_id": ""}, "edit_id"),
        ({"edit_id": 5}, "edit_id"),
    ]
)
def test_a_wrong_edit_is_told_what_is_wrong(
    members: dict[str, Any], pointer: str, *, text: int, bob: Person, connect: Connect
) -> None:
    right = {"file_id": text, "base_version": 1, "edits": [{"insert": "x"}]}
    refused = connect(bob).ask("file.edit", **right | members)
    assert (refused["status"], refused["errors"][0]["pointer"]) == (422, f"#/{pointer}")


def test_a_viewer_opens_but_does_not_edit(text: int, vera: Person, connect: Connect) -> None:
    viewer = connect(vera)
    assert viewer.ask("file.open", file_id=text)["content"] == "abc"
    assert edit(viewer, text, 1, {"insert": "x"})["status"] == 403
    assert viewer.ask("file.open", file_id=text)["content"] == "abc"


def test_an_outsider_is_told_nothing(text: int, charlie: Person, connect: Connect) -> None:
    outsider = connect(charlie)
    assert outsider.ask("file.open", file_id=text)["status"] == 404
    assert edit(outsider, text, 1, {"insert": "x"})["status"] == 404


def test_a_removed_member_neither_edits_nor_reads_on(
    text: int, project: int, alice: Person, bob: Person, connect: Connect
) -> None:
    removed, other = connect(bob), connect(alice)
    removed.ask("file.open", file_id=text)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert edit(removed, text, 1, {"insert": "x"})["status"] == 404
    edit(other, text, 1, {"insert": "y"})
    other.flush()
    removed.flush()
    assert [frame["topic"] for frame in removed.seen if frame["type"] == "unsubscribed"]
    assert not [frame for frame in removed.seen if frame["type"] == "file.edited"]


def test_a_demoted_member_edits_no_more(
    text: int, project: int, alice: Person, bob: Person, connect: Connect
) -> None:
    editor = connect(bob)
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    assert edit(editor, text, 1, {"insert": "x"})["status"] == 403


def test_a_closed_text_is_not_told_of(text: int, bob: Person, connect: Connect) -> None:
    socket, editor = connect(bob), connect(bob)
    socket.ask("file.open", file_id=text)
    assert socket.ask("file.close", file_id=text)["type"] == "file.closed"
    edit(editor, text, 1, {"insert": "x"})
    editor.flush()
    socket.flush()
    assert not [frame for frame in socket.seen if frame["type"] == "file.edited"]


def test_a_long_text_is_told_whole(text: int, bob: Person, connect: Connect) -> None:
    editor = connect(bob)
    line = "0123456789abcde\n" * 8000
    for number in range(12):
        accepted = edit(editor, text, number + 1, {"insert": line})
        assert accepted["type"] == "file.accepted", accepted
    assert len(editor.ask("file.open", file_id=text)["content"]) == 12 * len(line) + 3


def test_nothing_is_lost_between_opening_and_following(
    text: int, alice: Person, bob: Person, connect: Connect
) -> None:
    editor = connect(alice)
    for number in range(100):
        editor.send("file.edit", file_id=text, base_version=1, edits=[{"insert": "x"}], ref=number)
    reader = connect(bob)
    opened = reader.ask("file.open", file_id=text)
    editor.expect("file.accepted", ref=99)
    version, content = opened["version"], opened["content"]
    while version < 101:
        event = reader.expect("file.edited") if version < 101 else {}
        if event["data"]["version"] > version:
            assert event["data"]["version"] == version + 1
            version, content = version + 1, "x" + content
    assert content == "x" * 100 + "abc"


# -- cursors --------------------------------------------------------------------------------------


def test_a_cursor_is_shown_and_moves_along_with_edits(
    text: int, alice: Person, bob: Person, connect: Connect
) -> None:
    one, other = connect(alice), connect(bob)
    one.ask("file.open", file_id=text)
    other.ask("file.open", file_id=text)
    moved = other.ask("cursor_moved", file_id=text, position=2, anchor=3, version=1)
    assert moved["type"] == "published"
    told = one.expect("cursor.moved")["data"]
    assert told == {"position": 2, "anchor": 3, "version": 1}
    edit(one, text, 1, {"insert": "> "})
    cursors = connect(alice).ask("file.open", file_id=text)["cursors"]
    assert cursors == [{"user_id": bob.id, "position": 4, "anchor": 5, "version": 2}]


def test_a_cursor_in_an_older_version_is_told_in_the_newest(
    text: int, alice: Person, bob: Person, connect: Connect
) -> None:
    one, other = connect(alice), connect(bob)
    one.ask("file.open", file_id=text)
    edit(one, text, 1, {"delete": 1})
    other.ask("cursor_moved", topic=f"file:{text}", payload={"position": 2, "version": 1})
    assert one.expect("cursor.moved")["data"] == {"position": 1, "version": 2}


def test_a_cursor_goes_with_its_person(
    text: int, alice: Person, bob: Person, connect: Connect
) -> None:
    one, other = connect(alice), connect(bob)
    one.ask("file.open", file_id=text)
    other.ask("file.open", file_id=text)
    other.ask("cursor_moved", file_id=text, position=2, version=1)
    other.close()
    one.expect("user.left")
    assert one.ask("file.open", file_id=text)["cursors"] == []


@each(
    [
        ({"position": -1, "version": 1}, "position"),
        ({"position": 1}, "version"),
        ({"position": 1, "version": 9}, "version"),
        ({"position": 1, "anchor": "x", "version": 1}, "anchor"),
    ]
)
def test_a_wrong_cursor_is_told_what_is_wrong(
    members: dict[str, Any], pointer: str, *, text: int, bob: Person, connect: Connect
) -> None:
    refused = connect(bob).ask("cursor_moved", file_id=text, **members)
    assert (refused["status"], refused["errors"][0]["pointer"]) == (422, f"#/{pointer}")
