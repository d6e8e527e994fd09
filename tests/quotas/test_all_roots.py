"""All that a text's document has counts to the quota of files, on every door that brings text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from pycrdt import Array

from collab.core.usage import quota
from collab.core.usage.models import PROJECT
from collab.extensions import db
from collab.files.editing.writer import TEXTS
from collab.files.models import File
from collab.files.yjs import protocol

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.servers import ThreadServer
from ..support.sockets import Socket
from ..support.waiting import eventually
from ..support.yjs import YjsEditor
from .counts import counted, recounted

MIB = 2**20
HIDDEN = 900_000
MORE = "x" * 200_000


@pytest.fixture
def tight(app: Flask) -> Flask:
    """Return an application in which a project's files may take 1 MiB."""
    app.config.update(FILE_QUOTA_MB=1)
    return app


@pytest.fixture
def live(tight: Flask) -> Iterator[ThreadServer]:
    with ThreadServer(tight) as running:
        yield running


@pytest.fixture
def me(tight: Flask, alice: Person) -> Person:
    """Return alice, as she calls it."""
    assert tight.config["FILE_QUOTA_MB"] == 1
    return alice


@made_once
def desk(alice: Person) -> int:
    """Return a workspace of a project in which nothing is kept yet."""
    return alice.makes_workspace(alice.makes_project())


@made_once
def text(alice: Person, desk: int) -> int:
    """Return a text that was long once: its version 1 is long, and 2 empty again."""
    made = int(alice.makes_file(desk, "a")["id"])
    for content in (MORE, ""):
        ok(alice.request("PUT", f"/files/{made}/content", content=content.encode()))
    return made


@pytest.fixture
def hidden(live: ThreadServer, me: Person, text: int) -> Iterator[YjsEditor]:
    """Return an editor that has put 900 kB where no reader of the text sees them."""
    editor = YjsEditor(live.url, text, token=me.token).sync()
    tell(editor, lambda things: things.extend([b"\0" * (HIDDEN // 9)] * 9))
    yield editor
    editor.close()


def tell(editor: YjsEditor, change: Callable[[Any], None]) -> None:
    """Change a root that is not the text's, and wait until the server has it."""
    known = editor.doc.get_state()
    change(editor.doc.get("things", type=Array))
    editor.send(protocol.sync(protocol.UPDATE, editor.doc.get_update(known)))
    editor.sync()


def files_of(app: Flask, text: int) -> int:
    """Return how many bytes of files the text's project has, by the counters."""
    with app.app_context():
        project = db.session.get_one(File, text).project_id
        return quota.used_of_kind(PROJECT, project, "files")


@pytest.mark.usefixtures("hidden")
def test_what_is_in_other_roots_is_shown_as_used(tight: Flask, me: Person, text: int) -> None:
    assert HIDDEN <= files_of(tight, text) < HIDDEN * 1.01
    assert counted(tight) == recounted(tight)
    assert ok(me.get(f"/files/{text}"))["size"] == 0


def test_a_text_without_other_roots_takes_its_letters_alone(
    tight: Flask, live: ThreadServer, me: Person, text: int
) -> None:
    editor = YjsEditor(live.url, text, token=me.token).sync()
    for at in range(20):
        editor.edit(at, "x")
    editor.edit(0, "", 10)
    editor.sync()
    editor.close()
    assert files_of(tight, text) == 10


DOORS: dict[str, Callable[[Person, int, int], Any]] = {
    "a new file": lambda me, desk, _: me.post(
        f"/workspaces/{desk}/files", {"path": "b", "content": MORE}
    ),
    "PUT": lambda me, _, text: me.request("PUT", f"/files/{text}/content", content=MORE.encode()),
    "PATCH": lambda me, _, text: me.patch(
        f"/files/{text}/content", {"base_version": 3, "edits": [{"insert": MORE}]}
    ),
    "restore": lambda me, _, text: me.post(f"/files/{text}/restore", {"version": 1}),
    "undo": lambda me, _, text: me.post(
        f"/files/{text}/undo", {"from_version": 2, "to_version": 2}
    ),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.usefixtures("hidden")
def test_what_is_in_other_roots_leaves_no_room_for_text(
    tight: Flask, me: Person, desk: int, text: int, door: str
) -> None:
    before = files_of(tight, text)
    assert problem(DOORS[door](me, desk, text), 413)["quota"] == "files"
    assert files_of(tight, text) == before


def test_nor_on_the_live_doors(
    live: ThreadServer, me: Person, text: int, hidden: YjsEditor
) -> None:
    socket = Socket(live.url, token=me.token)
    edit = {"file_id": text, "base_version": 3, "edits": [{"insert": MORE}]}
    told = socket.ask("file.edit", **edit)
    socket.close()
    assert (told["status"], told["quota"]) == (413, "files")
    hidden.edit(0, MORE)
    assert hidden.wait_closed().code == 4413


def test_what_was_taken_out_of_them_gives_its_room_back(
    tight: Flask, me: Person, text: int, hidden: YjsEditor
) -> None:
    tell(hidden, lambda things: things.clear())
    assert files_of(tight, text) == 0
    ok(me.request("PUT", f"/files/{text}/content", content=MORE.encode()))


def test_a_text_that_was_loaded_again_takes_as_much(
    tight: Flask, me: Person, text: int, hidden: YjsEditor
) -> None:
    before = files_of(tight, text)
    hidden.close()
    TEXTS.of(tight).idle_s = 0
    TEXTS.of(tight).ask(text, lambda *_: None)  # so that its thread looks at the clock
    eventually(lambda: not TEXTS.of(tight).in_memory)
    ok(me.request("PUT", f"/files/{text}/content", content=b"seen"))
    assert abs(files_of(tight, text) - before) < HIDDEN // 100
