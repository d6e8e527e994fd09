"""Documents in memory, in one process and in two; readers who do not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from collab.files.editing.writer import TEXTS, Writer

from ..support.people import Person
from ..support.servers import ThreadServer
from ..support.sockets import Socket
from ..support.waiting import eventually
from ..support.yjs import YjsEditor

Connect = Callable[..., Socket]
Yjs = Callable[..., YjsEditor]


@pytest.fixture
def text(abc: int) -> int:
    """Return alice's text: `abc`, in version 1."""
    return abc


@pytest.fixture
def hasty(app: Flask) -> Writer:
    """Return a writer that lets go of documents soon."""
    writer: Writer = TEXTS.of(app)
    writer.idle_s = 0.05
    return writer


def test_a_document_leaves_memory_and_comes_back_the_same(
    hasty: Writer, text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.edit(3, "😀")
    editor.expect_text("abc😀")
    assert text in hasty.in_memory
    editor.close()
    eventually(lambda: text not in hasty.in_memory)
    opened = connect(bob).ask("file.open", file_id=text)
    assert (opened["content"], opened["version"]) == ("abc😀", 2)
    later = yjs(bob, text)
    later.doc, later.text = editor.doc, editor.text
    later.edit(0, "> ")
    later.sync().sync()
    assert connect(bob).ask("file.open", file_id=text)["content"] == "> abc😀"


@pytest.mark.parametrize("door", ["socket", "yjs"])
def test_a_document_that_somebody_has_open_stays(
    door: str, hasty: Writer, text: int, alice: Person, project: int, yjs: Yjs, connect: Connect
) -> None:
    other = alice.makes_text(project, "unused", path="other.py")
    reader = connect(alice)
    if door == "socket":
        reader.ask("file.open", file_id=text)
    else:
        yjs(alice, text).sync()
    connect(alice).ask("file.edit", file_id=other, base_version=1, edits=[{"insert": "x"}])
    eventually(lambda: other not in hasty.in_memory)
    assert text in hasty.in_memory


def test_two_processes_edit_one_text(
    serve: Callable[..., ThreadServer], text: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    here, there = serve(), serve()
    one, other = yjs(alice, text, here.url).sync(), yjs(bob, text, there.url).sync()
    with Socket(here.url, token=bob.token) as socket:
        socket.ask("file.open", file_id=text)
        for number in range(10):
            one.edit(0, f"{number}")
            other.edit(3, "x")
            edit = {"base_version": 1, "edits": [{"retain": 3}, {"insert": "!"}]}
            assert socket.ask("file.edit", file_id=text, **edit)["type"] == "file.accepted"
        for editor in (one, other):
            while len(str(editor.text)) < 33:
                editor.read()
        content = socket.ask("file.open", file_id=text)["content"]
    assert str(one.text) == str(other.text) == content


def test_an_editor_who_does_not_read_is_told_later_and_slows_nobody(
    text: int, alice: Person, bob: Person, connect: Connect, yjs: Yjs
) -> None:
    """Nobody is cut off for what others send: more than all buffers hold is told as one state."""
    slow = yjs(bob, text).sync()
    editor = connect(alice)
    editor.ask("file.open", file_id=text)
    for number in range(24):
        edits = [{"insert": "x" * 100_000}, {"delete": 3 if number == 0 else 100_000}]
        ask = {"file_id": text, "base_version": number + 1, "edits": edits}
        assert editor.ask("file.edit", **ask)["type"] == "file.accepted"
    slow.expect_text(editor.ask("file.open", file_id=text)["content"])
    slow.edit(0, "> ")
    slow.sync()
    assert editor.ask("file.open", file_id=text)["content"] == str(slow.text)


def test_a_text_whose_reader_left_while_it_was_told_stays_usable(
    text: int, bob: Person, yjs: Yjs
) -> None:
    for _ in range(5):
        gone = yjs(bob, text)
        gone.send(b"\x00\x00\x01\x00")
        gone.ws.sock.close()
    assert str(yjs(bob, text).sync().text) == "abc"
