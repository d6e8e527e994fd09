"""What goes wrong around a text's changes: it is refused, and nothing of it stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from pycrdt import Doc, Text
from sqlalchemy import event, func, select

from collab.core.errors import ApiError, DiskFull, Unavailable
from collab.events.models import EventRow
from collab.extensions import db
from collab.files.editing import writer as writing
from collab.files.editing.changes import Change, of_update
from collab.files.editing.live_text import MAX_MERGE_STEPS, TooFarBehind
from collab.files.text.units import to_units
from collab.files.updates.waiting import MAX_WAITING_BYTES

from ..support.people import Person
from ..support.texts import TextDesk, caller_of
from ..support.waiting import eventually

ANY_SIZE = 2**30


@contextmanager
def full_disk(text: TextDesk) -> Iterator[None]:
    """Let the database grow no more."""

    def limit(pages: int) -> Any:
        return lambda driver, *_: driver.execute(f"PRAGMA max_page_count={pages}")

    with text.app.app_context():
        tight, loose = limit(1), limit(ANY_SIZE)
        event.listen(db.engine, "checkout", tight)
        try:
            yield
        finally:
            event.remove(db.engine, "checkout", tight)
            event.listen(db.engine, "checkout", loose)


def events(text: TextDesk) -> int:
    with text.app.app_context():
        query = select(func.count()).where(EventRow.topic == f"file:{text.id}")
        return db.session.scalar(query) or 0


@pytest.mark.sqlite("faults")
def test_what_finds_no_place_on_disk_is_refused_and_leaves_nothing(
    text: TextDesk, alice: Person, bob: Person
) -> None:
    text.changes(alice, "before")
    seen = text.live, text.version, events(text), dict(text.writer.updates)
    with full_disk(text), pytest.raises(DiskFull):
        text.changes(bob, "x" * 1_000_000)
    assert (text.live, text.version, events(text), dict(text.writer.updates)) == seen
    text.changes(bob, 6, " and after")
    assert text.live == text.text == "before and after"


def test_the_thread_outlives_whatever_is_raised(text: TextDesk, alice: Person) -> None:
    class Panic(BaseException):
        pass

    def panics(document: Any, version: int) -> None:
        raise Panic

    text.changes(alice, "one")
    with pytest.raises(ApiError):
        text.writer.ask(text.id, panics)
    text.changes(alice, 3, " two")
    assert text.live == "one two"


def test_what_was_refused_for_want_of_time_does_not_happen_later(
    text: TextDesk, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    text.changes(alice, "one")
    begun, gate = threading.Event(), threading.Event()

    def waits(document: Any, version: int) -> None:
        begun.set()
        gate.wait(30)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(text.writer.ask, text.id, waits)
        assert begun.wait(30)
        with monkeypatch.context() as hasty:
            hasty.setattr(writing, "PATIENCE_S", 0.01)
            with pytest.raises(Unavailable):
                text.changes(alice, "two")
        gate.set()
        held.result(30)
    assert text.live == text.text == "one"


def test_nothing_is_taken_once_the_server_stops(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one")
    text.writer.stop()
    with pytest.raises(Unavailable):
        text.changes(alice, "two")


def test_halves_of_two_characters_that_make_a_third_are_not_cut(
    text: TextDesk, alice: Person
) -> None:
    """Refused before anything is done: both forms of the text stay the same."""
    assert to_units("😀")[0] == to_units("😁")[0]
    text.changes(alice, "😀😁")
    with pytest.raises(ApiError) as refused:
        text.changes(alice, "x", 1, -2)
    assert refused.value.status == 422
    text.changes(alice, 4, "!")
    shared = text.writer.ask(text.id, lambda document, version: str(document._library.text))
    assert shared == text.live == "😀😁!"


def test_a_change_that_would_keep_everybody_waiting_is_refused(
    text: TextDesk, alice: Person
) -> None:
    """Which it would at an old version; at the newest it is nothing much."""
    text.changes(alice, "a" * 60_000)
    for _ in range(50):
        text.changes(alice, "b")
    many = [step for _ in range(MAX_MERGE_STEPS // 100) for step in (1, "x")]
    with pytest.raises(TooFarBehind):
        text.changes(alice, *many, base=1)
    text.changes(alice, *many)


def test_updates_whose_beginning_is_missing_are_not_kept_for_ever(
    text: TextDesk, alice: Person
) -> None:
    text.changes(alice, "hello")
    doc: Doc[Text] = Doc()
    live = doc.get("content", type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda one: updates.append(one.update))
    for _ in range(6):
        live.insert(len(live), "x" * (MAX_WAITING_BYTES // 5))
    doc.unobserve(subscription)
    with text.app.app_context():
        caller = caller_of(alice)
    for update in updates[1:]:
        assert not text.writer.submit(of_update(text.id, caller, update)).update
    size = text.writer.ask(text.id, lambda document, version: len(document.state()))
    assert size < MAX_WAITING_BYTES
    assert text.live == "hello"


def test_many_big_changes_are_not_taken_into_one_commit(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "start")
    with text.app.app_context():
        caller = caller_of(alice)
    begun, gate = threading.Event(), threading.Event()

    def waits(document: Any, version: int) -> None:
        begun.set()
        gate.wait(30)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(text.writer.ask, text.id, waits)
        assert begun.wait(30)
        size = 1_000_000
        done = [
            text.writer.soon(Change(text.id, caller, "rest", ("x" * size, -length), base=base))
            for base, length in [(1, 5), *((1 + n, size) for n in range(1, 6))]
        ]
        gate.set()
        held.result(30)
    eventually(lambda: all(one.done() for one in done))
    assert [one.result().version for one in done] == [2, 3, 4, 5, 6, 7]
    assert text.live == "x" * size
