"""What takes a place in a text and shows nowhere would have editors write at different places."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab.files.editing.document import Document
from collab.files.editing.live_text import LiveText
from collab.files.updates.bounds import Unusable
from collab.files.yjs import protocol

from ..support.people import Person
from ..support.texts import TextDesk
from ..support.updates import ANY, STRING, item, number, section, sized, text, update
from ..support.yjs import YjsEditor

ALICE, BOB = 1, 2
UNSEEN = {
    "values": (ANY, number(2) + b"\x7e\x7e"),
    "bytes": (3, sized(b"abc")),
    "a document": (9, sized(b"guid") + b"\x76\0"),
}


def beside(kind: int, content: bytes) -> bytes:
    """Write something between the second and the third letter of client 7."""
    return section(8, 0, item(kind, content, left=(7, 1), right=(7, 2)))


@pytest.mark.parametrize("what", UNSEEN)
def test_nothing_unseen_gets_into_a_text(what: str) -> None:
    """It was taken: the text said `hellXo` from then on, its editors and the disk `heXllo`."""
    document = Document()
    document.merge(update(section(7, 0, text("hello"))), ALICE)
    kind, content = UNSEEN[what]
    first = update(section(8, 0, item(kind, content)))
    for hostile in (first, update(beside(kind, content))):
        with pytest.raises(Unusable, match="plain text"):
            document.merge(hostile, BOB)
    hidden = update(section(8, 0, item(STRING, sized(b"!"), (7, 4)), item(kind, content, (8, 0))))
    with pytest.raises(Unusable, match="plain text"):
        document.merge(hidden, BOB)
    document.change((4, "X"))
    anew = Document()
    anew.load([document.state()])
    assert anew.units == document.units == "hellXo"


@pytest.mark.parametrize("what", UNSEEN)
def test_nothing_unseen_gets_into_a_text_when_what_it_waits_for_has_come(what: str) -> None:
    document = Document()
    document.merge(update(beside(*UNSEEN[what])), BOB)
    document.merge(update(section(7, 0, text("hello"))), ALICE)
    document.change((4, "X"))
    assert document.units == str(document._library.text) == "hellXo"


@pytest.mark.parametrize("what", UNSEEN)
def test_beside_the_text_everything_may_be(what: str) -> None:
    document = Document()
    kind, content = UNSEEN[what]
    assert document.merge(update(section(8, 0, item(kind, content, parent="m"))), BOB)


def test_an_edit_by_rest_is_where_its_author_put_it_whatever_a_collaborator_sends(
    text: TextDesk, alice: Person, bob: Person, yjs: Callable[..., YjsEditor]
) -> None:
    editor = yjs(alice, text.id).sync()
    editor.edit(0, "hello")
    editor.sync()
    ((client, _),) = text.writer.ask(text.id, lambda one, _: dict(one.clocks)).items()
    hostile = yjs(bob, text.id).sync()
    kind, content = UNSEEN["values"]
    planted = item(kind, content, left=(client, 1), right=(client, 2))
    hostile.send(protocol.sync(protocol.UPDATE, update(section(8, 0, planted))))
    assert hostile.wait_closed().code == 4400
    text.changes(alice, 4, "X")
    editor.sync()
    with text.app.app_context():
        anew = LiveText.load(text.id).document.units
    assert anew == text.live == str(editor.text) == "hellXo"
