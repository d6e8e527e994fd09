"""Whatever a Yjs editor sends, it harms nobody else, and no acknowledged edit is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab.files.editing.live_text import LiveText
from collab.files.yjs import protocol
from collab.files.yjs.protocol import STEP_2, UPDATE

from ..support.each import each
from ..support.people import Person
from ..support.texts import TextDesk
from ..support.updates import ANY, GC, SKIP, STRING, blank, item, nested, section, sized, update
from ..support.yjs import YjsEditor

Yjs = Callable[..., YjsEditor]

A = item(STRING, b"\1a")
#: What killed the process, and what stopped it.
BOMB = update(section(7, 0, item(ANY, b"\1" + nested(50_000), parent="m")))
#: What looks like bytes in a list. To the library, which reads one text more than there are values
#: as JSON, it is a struct with a bomb inside: the length's lowest seven bits say of which kind.
HIDDEN = item(3, sized(b"\0\1" + nested(54_958) + b"\0" * 41), parent="m")
UNUSABLE = {
    "a bomb behind values as JSON": update(
        section(7, 0, item(2, b"\1" + sized(b"1"), parent="q"), HIDDEN)
    ),
    "a bomb of arrays": BOMB,
    "a bomb of objects": update(
        section(7, 0, item(ANY, b"\1" + nested(50_000, b"\x76\1\1k"), parent="m"))
    ),
    "a client twice": update(section(7, 0, A), section(7, 0, A)),
    "a clock near 2^32": update(section(7, 0, blank(GC, 2**32 - 2))),
    "junk at the end": update(section(7, 0, A)) + b"junk",
}


@each(
    [
        (what, who, kind)
        for what in UNUSABLE
        for who, kind in [("bob", UPDATE), ("bob", STEP_2), ("vera", STEP_2)]
    ]
)
def test_who_sends_what_is_unusable_is_closed_and_nobody_else(
    what: str,
    who: str,
    kind: int,
    *,
    abc: int,
    alice: Person,
    yjs: Yjs,
    request: pytest.FixtureRequest,
) -> None:
    bystander = yjs(alice, abc).sync()
    hostile = yjs(request.getfixturevalue(who), abc)
    hostile.ws.recv()  # sync step 1: what it sends is asked for
    hostile.send(protocol.sync(kind, UNUSABLE[what]))
    closed = hostile.wait_closed()
    assert (closed.code, bool(closed.reason)) == (4400, True)
    before = str(bystander.text)
    bystander.edit(len(before), "d")
    bystander.sync()
    assert str(bystander.text) == alice.reads(abc) == before + "d"
    assert before.startswith("abc")


@pytest.mark.parametrize("kind", [UPDATE, STEP_2])
@pytest.mark.parametrize("blanks", [GC, SKIP])
def test_no_acknowledged_edit_is_lost_to_somebody_who_uses_up_its_ids(
    blanks: int, kind: int, text: TextDesk, alice: Person, bob: Person, yjs: Yjs
) -> None:
    text.changes(alice, "hello")
    editor = yjs(alice, text.id).sync()
    editor.edit(5, " world")
    editor.sync()
    for client, clock in text.writer.ask(text.id, lambda one, _: dict(one.clocks)).items():
        for length in (1, 1000, 2**31 - 1 - clock, 2**32 - 1 - clock):
            hostile = yjs(bob, text.id).sync()
            poison = update(section(client, clock, blank(blanks, length)))
            hostile.send(protocol.sync(kind, poison))
            assert hostile.wait_closed().code == 4400
    for word in "one", "two":
        text.changes(alice, f"{word} ")
    editor.edit(0, "> ")
    editor.sync()
    with text.app.app_context():
        anew = LiveText.load(text.id).document.units
    assert anew == text.live == text.text
    assert sorted(anew) == sorted("> two one hello world")
