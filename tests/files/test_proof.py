"""What is acknowledged is the same when it is loaded anew; files that were spoilt open again."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from flask import Flask
from pycrdt import Doc, Text
from sqlalchemy import select
from sqlalchemy import update as change_rows

from collab.core.errors import ApiError
from collab.extensions import db
from collab.files.editing import compaction, store
from collab.files.editing.changes import of_update
from collab.files.editing.document import Document
from collab.files.editing.live_text import LiveText
from collab.files.editing.proof import proofs
from collab.files.editing.spending import BURST_CPU_S, CPU_S_PER_S, Spending, TooBusy
from collab.files.models import Checkpoint, File, FileChange, FileClient
from collab.files.text.units import from_units, to_units

from ..support.oracle import StockYjs
from ..support.people import Person
from ..support.texts import TextDesk, caller_of
from ..support.updates import GC, blank, section, update
from ..support.updates import text as word

FACE, CLIENT = "x😀y", 5
WHOLE = update(section(CLIENT, 0, word(FACE)))
HALF = update(deletes={CLIENT: [(2, 1)]})


def spoil(text: TextDesk, updates: list[bytes], *, checkpoint: bool) -> str:
    """Store updates as they were before an update was taken apart; returns the text that it had."""
    doc: Doc[Any] = Doc()
    live = doc.get("content", type=Text)
    with text.app.app_context():
        for version, one in enumerate(updates, 1):
            before, sent = str(live), list[bytes]()
            subscription = doc.observe(lambda event, sent=sent: sent.append(event.update))
            doc.apply_update(one)
            doc.unobserve(subscription)
            units = to_units(before)
            delta = [from_units(to_units(str(live))), -len(units)]
            row = FileChange(file_id=text.id, version=version, base=version - 1, author_id=1)
            row.door, row.delta, row.update = "yjs", delta, None if checkpoint else sent[0]
            db.session.add(row)
        if checkpoint:
            packed = zlib.compress(str(live).encode())
            values = {"file_id": text.id, "version": len(updates), "text": packed}
            db.session.add(Checkpoint(**values, state=doc.get_update()))
        size = len(str(live).encode())
        changed = change_rows(File).where(File.id == text.id)
        db.session.execute(changed.values(content_version=len(updates), size=size))
        db.session.commit()
    return str(live)


def loaded(text: TextDesk) -> str:
    """Return what a fresh look at the database makes the text."""
    with text.app.app_context():
        return from_units(LiveText.load(text.id).document.units)


@pytest.fixture
def yjs() -> Any:
    stock = StockYjs()
    yield stock
    stock.close()


def test_a_file_spoilt_by_half_a_character_is_what_its_editors_have(
    text: TextDesk, alice: Person, yjs: StockYjs
) -> None:
    wrong = spoil(text, [WHOLE, HALF], checkpoint=False)
    theirs = yjs.apply([WHOLE, HALF])["text"]
    assert wrong != theirs == "x\ufffdy"
    assert text.live == text.text == theirs
    text.changes(alice, 3, "!")
    state = text.writer.ask(text.id, lambda one, _: one.state())
    fresh = yjs.apply([state])
    assert (fresh["text"], fresh["failed"], fresh["pending"]) == ("x\ufffdy!", [], False)
    assert loaded(text) == "x\ufffdy!"
    with text.app.app_context():
        mended = db.session.get_one(FileChange, (text.id, 3))
        assert mended.author_id is None


@pytest.mark.parametrize("cuts", [[HALF], [HALF, update(deletes={CLIENT: [(1, 1)]})]])
def test_a_file_with_a_spoilt_checkpoint_opens_again(
    cuts: list[bytes], text: TextDesk, alice: Person, yjs: StockYjs
) -> None:
    """The state that the library wrote had pieces of no length, at which Yjs stumbled."""
    was = spoil(text, [WHOLE, *cuts], checkpoint=True)
    assert text.live == text.text == was
    text.changes(alice, "> ")
    state = text.writer.ask(text.id, lambda one, _: one.state())
    fresh = yjs.apply([state])
    assert (fresh["text"], fresh["failed"], fresh["pending"]) == (f"> {was}", [], False)
    assert loaded(text) == f"> {was}"


@pytest.mark.parametrize(
    "lost",
    [
        update(section(9, 7, word("GAP ", (9, 6)))),
        update(section(CLIENT, 4, blank(GC, 2**32 - 5))),
        b"no update at all",
        update(section(9, 0, word("a")))[:-3],
    ],
)
def test_what_was_acknowledged_and_can_not_be_loaded_comes_from_the_history(
    lost: bytes, text: TextDesk, alice: Person
) -> None:
    spoil(text, [WHOLE], checkpoint=False)
    with text.app.app_context():
        row = FileChange(file_id=text.id, version=2, base=1, author_id=1, door="rest")
        row.delta, row.update = ["acknowledged "], lost
        db.session.add(row)
        changed = change_rows(File).where(File.id == text.id)
        db.session.execute(changed.values(content_version=2, size=19))
        db.session.commit()
    before = proofs.mended
    assert text.live == text.text == f"acknowledged {FACE}"
    assert proofs.mended > before
    text.changes(alice, "1 ")
    assert loaded(text) == text.live == f"1 acknowledged {FACE}"


def spoil_what_is_stored(text: TextDesk) -> None:
    with text.app.app_context():
        newest = select(FileChange).where(FileChange.file_id == text.id)
        row = db.session.scalars(newest.order_by(FileChange.version.desc())).first()
        assert row is not None
        row.update = b"\0\0"
        db.session.commit()


def step(text: TextDesk, **how: bool) -> None:
    """Take the next step to compact a text, in the thread of the texts."""

    def take(live_text: LiveText) -> None:
        found = compaction.next_step(live_text, **how)  # type: ignore[arg-type]
        assert found is not None
        assert compaction.carry_out(found, live_text)

    text.writer.inspect(text.id, take)


def test_a_text_that_was_not_stored_as_it_is_stays_as_it_is(text: TextDesk, alice: Person) -> None:
    text.types(alice, "one ", "two ", "three")
    spoil_what_is_stored(text)
    differed = proofs.differed
    step(text, quiet=True)
    step(text, quiet=True, leaves=True)
    assert proofs.differed == differed + 1
    assert loaded(text) == text.live == "one two three"


def test_what_was_stored_as_it_is_is_proved_before_it_leaves_memory(
    text: TextDesk, alice: Person
) -> None:
    text.types(alice, "one ", "two")
    proven, differed = proofs.proven, proofs.differed
    step(text, quiet=True)
    step(text, quiet=True, leaves=True)
    assert (proofs.proven, proofs.differed) == (proven + 1, differed)
    with text.app.app_context():
        assert compaction.next_step(text.writer._texts[text.id], quiet=True, leaves=True) is None


def test_a_text_whose_state_is_another_text_is_stored_as_its_editors_see_it(
    text: TextDesk, alice: Person
) -> None:
    text.changes(alice, "seen")
    other = Document()
    other.change(("another",))
    other.units = "seen"

    def compact(live_text: LiveText) -> None:
        live_text.document = other
        for _ in range(2):  # a change that makes its state the text, then the checkpoint
            assert compaction.carry_out(compaction._checkpoint, live_text)

    mended = proofs.mended
    text.writer.inspect(text.id, compact)
    assert loaded(text) == text.live == text.text == "seen"
    assert proofs.mended == mended
    with text.app.app_context():
        assert db.session.get_one(FileChange, (text.id, 2)).author_id is None


def test_whose_an_id_is_outlives_the_server(text: TextDesk, alice: Person, bob: Person) -> None:
    with text.app.app_context():
        alices, bobs = caller_of(alice), caller_of(bob)
    text.writer.submit(of_update(text.id, alices, WHOLE))
    with text.app.app_context():
        assert store.owners(text.id) == {CLIENT: alice.id}
        assert db.session.get_one(FileClient, (text.id, CLIENT)).user_id == alice.id
    text.writer._texts.clear()
    stolen = update(section(CLIENT, 4, blank(GC, 5)))
    with pytest.raises(ApiError) as refused:
        text.writer.submit(of_update(text.id, bobs, stolen))
    assert refused.value.status == 422
    text.writer.submit(of_update(text.id, alices, stolen))


def test_who_takes_too_much_of_the_thread_waits_and_others_do_not() -> None:
    now = 100.0
    spending = Spending(lambda: now)
    spending.note(1, BURST_CPU_S + 1)
    with pytest.raises(TooBusy), spending.of(1):
        pass
    with spending.of(2):
        pass
    now += 1.1 / CPU_S_PER_S
    with spending.of(1):
        pass
    assert spending.owed(1) < BURST_CPU_S


def test_people_who_owe_nothing_are_forgotten(app: Flask) -> None:
    now = 100.0
    spending = Spending(lambda: now)
    for person in range(5000):
        with spending.of(person):
            pass
        now += 1
    assert len(spending._owed) <= 1001
