"""History in bounds, texts never lost, and documents that leave memory and come back."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pycrdt import Doc, Text
from sqlalchemy import Insert, delete, insert, literal, select, update

from collab.core.errors import NotFound, Unavailable
from collab.core.models import utcnow
from collab.extensions import db
from collab.files.editing import compaction, store, thinning
from collab.files.editing.library import ROOT_NAME
from collab.files.editing.live_text import LiveText
from collab.files.editing.store import JoinedVersion
from collab.files.models import Checkpoint, File, FileChange
from collab.files.text.delta import Delta, normal, weight
from collab.files.text.encoding import stored
from collab.files.text.units import from_units

from ..support.people import Person, ok
from ..support.problems import problem
from ..support.texts import TextDesk
from ..support.waiting import eventually

#: The day on which the texts of these tests were written.
BEGAN = utcnow().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)


class Past:
    """Changes as the writer would have written them, without the time that it takes."""

    def __init__(self, text: TextDesk) -> None:
        self.text = text
        self.rows: list[dict[str, Any]] = []
        self.texts: dict[int, str] = {0: ""}
        with text.app.app_context():
            self.live_text = LiveText.load(text.id)

    def change(
        self, author: Person, delta: Delta, *, minute: float = 0, door: str = "rest"
    ) -> None:
        applied = self.live_text.change(delta, self.live_text.version)
        row = {"file_id": self.text.id, "version": applied.version, "base": applied.base}
        row |= {"author_id": author.id, "door": door, "delta": stored(applied.delta)}
        row |= {"update": applied.update, "at": BEGAN + timedelta(minutes=minute)}
        self.rows.append(row)
        self.texts[applied.version] = from_units(self.live_text.document.units)

    def write(self) -> None:
        values = {"content_version": self.live_text.version, "size": self.live_text.size}
        with self.text.app.app_context():
            db.session.execute(insert(FileChange.__table__), self.rows)
            db.session.execute(update(File).where(File.id == self.text.id).values(**values))
            db.session.commit()
        self.rows.clear()


@pytest.fixture
def past(text: TextDesk) -> Past:
    """Return a way to write history."""
    return Past(text)


def compacted(text: TextDesk) -> LiveText:
    """Compact a text until nothing is left to do."""
    with text.app.app_context():
        live_text = LiveText.load(text.id)
        live_text.untidy = True
        while step := compaction.next_step(live_text, quiet=True):
            assert compaction.carry_out(step, live_text)
        return live_text


def rows(text: TextDesk, *columns: Any) -> list[Any]:
    with text.app.app_context():
        query = select(*columns).where(FileChange.file_id == text.id)
        return [tuple(row) for row in db.session.execute(query.order_by(FileChange.version))]


def spans(text: TextDesk) -> list[Any]:
    return rows(text, FileChange.base, FileChange.version)


def checkpoints(text: TextDesk) -> list[int]:
    with text.app.app_context():
        return list(db.session.scalars(select(Checkpoint.version).order_by(Checkpoint.version)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let histories be small, as nobody wants to wait for big ones."""
    monkeypatch.setattr(thinning, "EXACT_CHANGES", 5)
    monkeypatch.setattr(thinning, "MAX_HISTORY_ENTRIES", 12)
    monkeypatch.setattr(thinning, "CHECKPOINT_DISTANCE_ENTRIES", 3)
    monkeypatch.setattr(thinning, "ENTRIES_PER_STEP", 4)
    monkeypatch.setattr(compaction, "FEW_UPDATES", 3)


# -- joining --------------------------------------------------------------------------------------


def test_old_changes_of_one_author_become_one(small: None, past: Past, alice: Person) -> None:
    for number in range(20):
        past.change(alice, (number, str(number % 10)))
    past.write()
    compacted(past.text)
    assert spans(past.text) == [(0, 15), *((number, number + 1) for number in range(15, 20))]
    assert past.text.text == "01234567890123456789"


def test_changes_of_others_doors_and_times_stay_apart(
    small: None, past: Past, alice: Person, bob: Person
) -> None:
    past.change(alice, ("a",))
    past.change(bob, ("b",))
    past.change(bob, ("c",), door="yjs")
    past.change(bob, ("d",), door="yjs", minute=11)
    past.change(bob, ("e",), door="undo", minute=11)
    past.change(bob, ("f",), door="undo", minute=11)
    for _ in range(5):
        past.change(alice, ("x",))
    past.write()
    compacted(past.text)
    assert spans(past.text) == [(number, number + 1) for number in range(11)]


def test_every_version_that_is_left_is_what_it_was(
    small: None, past: Past, alice: Person, bob: Person
) -> None:
    chance = random.Random(5)
    for number in range(60):
        length = len(past.live_text.document.units)
        at = chance.randint(0, length)
        gone = chance.randint(0, min(2, length - at))
        past.change(chance.choice((alice, bob)), normal((at, f"{number},", -gone)))
        if number % 20 == 19:
            past.write()
            compacted(past.text)
    left = {version for span in spans(past.text) for version in span}
    assert len(left) <= thinning.MAX_HISTORY_ENTRIES + 6
    with past.text.app.app_context():
        found = {version: from_units(store.units_at(past.text.id, version)) for version in left}
    assert found == {version: past.texts[version] for version in left}
    assert past.text.text == past.texts[60]
    assert past.text.live == past.texts[60]


def test_a_joined_version_names_its_neighbours(small: None, past: Past, alice: Person) -> None:
    for number in range(20):
        past.change(alice, (number, "x"))
    past.write()
    compacted(past.text)
    address = f"/files/{past.text.id}"
    told = problem(alice.get(f"{address}/diff", params={"from": 7}), 409)
    assert "the nearest are 0 and 15" in told["detail"]
    problem(alice.get(f"{address}/versions/7"), 409)
    problem(alice.post(f"{address}/restore", {"version": 7}), 409)
    assert ok(alice.get(f"{address}/versions/15"))["inserted"] == 15
    with pytest.raises(store.JoinedVersion):
        past.text.changes(alice, "x", base=7)


# -- dropping -------------------------------------------------------------------------------------


def long_history(past: Past, alice: Person, bob: Person) -> None:
    """Write and compact, again and again, what can't be joined."""
    for number in range(60):
        past.change((alice, bob)[number % 2], (number, "x"))
        if number % 6 == 5:
            past.write()
            compacted(past.text)


def test_the_oldest_entries_go_and_the_text_stays(
    small: None, past: Past, alice: Person, bob: Person
) -> None:
    long_history(past, alice, bob)
    left = spans(past.text)
    assert thinning.EXACT_CHANGES <= len(left) <= thinning.MAX_HISTORY_ENTRIES
    assert left[0][0] == checkpoints(past.text)[0]
    assert past.text.text == "x" * 60


def test_a_history_says_where_it_begins(
    small: None, past: Past, alice: Person, bob: Person
) -> None:
    long_history(past, alice, bob)
    first = spans(past.text)[0][0]
    told = problem(alice.get(f"/files/{past.text.id}/diff", params={"from": first - 1}), 409)
    assert f"begins at version {first}" in told["detail"]
    params = {"from": first}
    assert ok(alice.get(f"/files/{past.text.id}/diff", params=params, headers=JSON))["edits"]
    problem(alice.post(f"/files/{past.text.id}/undo", {"from_version": first}), 409)


JSON = {"Accept": "application/json"}


def test_checkpoints_stay_apart(small: None, past: Past, alice: Person) -> None:
    for number in range(40):
        past.change(alice, (number, "x"))
        if number % 4 == 3:
            past.write()
            compacted(past.text)
    assert len(checkpoints(past.text)) <= 6
    with past.text.app.app_context():
        states = db.session.scalars(select(Checkpoint.state).order_by(Checkpoint.version)).all()
    assert [state is not None for state in states] == [False] * (len(states) - 1) + [True]


def test_a_heavy_history_is_dropped_however_few_its_entries(
    small: None, past: Past, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "MAX_HISTORY_BYTES", 1000)
    for _ in range(6):
        past.change(alice, ("x" * 300, -len(past.live_text.document.units)))
    past.write()
    compacted(past.text)
    assert spans(past.text) == []
    assert past.text.text == "x" * 300
    past.text.changes(alice, -299)
    assert past.text.text == "x"


# -- a crash, another process ---------------------------------------------------------------------


def test_two_processes_keep_each_others_changes(
    text: TextDesk, make_app: Callable[..., Flask], alice: Person, bob: Person
) -> None:
    other = text.seen_by(make_app())
    for number in range(6):
        text.changes(alice, f"a{number} ")
        other.changes(bob, f"b{number} ")
    assert text.live == other.live == text.text
    assert sorted(text.text.split()) == sorted(f"{who}{n}" for who in "ab" for n in range(6))


def test_only_what_another_process_wrote_is_taken_in(
    text: TextDesk, make_app: Callable[..., Flask], alice: Person
) -> None:
    other = text.seen_by(make_app())
    text.types(alice, "one ", "two ")
    document = other.writer.ask(text.id, lambda document, version: document)
    text.types(alice, "three")
    assert other.writer.ask(text.id, lambda document, version: document) is document
    assert other.live == "one two three"
    other.changes(alice, "0 ", base=1)
    assert text.live == "0 one two three"


def test_a_document_is_loaded_anew_when_another_process_compacted_it(
    small: None, text: TextDesk, make_app: Callable[..., Flask], alice: Person
) -> None:
    other = text.seen_by(make_app())
    text.changes(alice, "x")
    assert other.live == "x"
    text.types(alice, *"abcdefgh")
    compacted(text)
    assert other.live == "xabcdefgh"
    other.changes(alice, 1, "-")
    assert text.live == "x-abcdefgh"


# -- steps that come to nothing -------------------------------------------------------------------


def test_a_step_that_another_process_came_before_is_taken_again(
    small: None, text: TextDesk, alice: Person
) -> None:
    text.types(alice, *"abcd")

    def step(live_text: LiveText) -> compaction.Write:
        write = compaction._checkpoint(live_text)
        text.changes(alice, "z")
        return write

    with text.app.app_context():
        live_text = LiveText.load(text.id)
        assert compaction.carry_out(step, live_text)
        assert (live_text.version, checkpoints(text)) == (5, [])
        assert compaction.next_step(live_text, quiet=True) is compaction._checkpoint
        assert compaction.carry_out(compaction._checkpoint, live_text)
    assert checkpoints(text) == [5]


def test_a_step_that_is_refused_waits_a_while(small: None, text: TextDesk, alice: Person) -> None:
    text.types(alice, *"abcd")

    def step(live_text: LiveText) -> compaction.Write:
        raise Unavailable("The database is busy.")

    with text.app.app_context():
        live_text = LiveText.load(text.id)
        assert compaction.carry_out(step, live_text)
        assert compaction.next_step(live_text, quiet=True) is None
        live_text.paused_until = 0.0
        assert compaction.next_step(live_text, quiet=True) is not None


def test_a_step_of_a_file_that_is_gone_spoils_its_document(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "x")
    with text.app.app_context():
        live_text = LiveText.load(text.id)
        db.session.delete(db.session.get_one(File, text.id))
        db.session.commit()
        assert not compaction.carry_out(compaction._checkpoint, live_text)


# -- a history that lacks something ---------------------------------------------------------------


@pytest.fixture
def gap(app: Flask, text: TextDesk, alice: Person) -> TextDesk:
    """Return a text of which the first of three changes is gone."""
    text.types(alice, *"abc")
    with app.app_context():
        db.session.delete(db.session.get_one(FileChange, (text.id, 1)))
        db.session.commit()
    return text


def test_a_text_whose_updates_are_not_all_there_is_not_loaded(gap: TextDesk) -> None:
    with gap.app.app_context(), pytest.raises(Unavailable):
        LiveText.load(gap.id)


def test_a_version_after_a_gap_is_not_put_together(gap: TextDesk) -> None:
    with gap.app.app_context(), pytest.raises(JoinedVersion):
        store.units_at(gap.id, 3)


def test_changes_that_are_all_gone_lead_nowhere(gap: TextDesk) -> None:
    with gap.app.app_context():
        db.session.execute(delete(FileChange))
        db.session.commit()
        assert store.deltas_between(gap.id, 3, 3) == []
        with pytest.raises(JoinedVersion):
            store.deltas_between(gap.id, 1, 3)


# -- leaving memory -------------------------------------------------------------------------------


def leaves(text: TextDesk) -> None:
    """Wait until a document has left memory."""
    text.writer.idle_s = 0
    with suppress(NotFound):
        text.live  # noqa: B018 (it is asked, so that the thread looks at the clock)
    eventually(lambda: not text.writer.in_memory)


def test_a_text_leaves_memory_and_comes_back_the_same(text: TextDesk, alice: Person) -> None:
    text.types(alice, *("word " * 5).split(), "😀")
    before = text.live
    leaves(text)
    assert text.live == text.text == before
    leaves(text)
    text.changes(alice, -4)
    assert text.live == before[4:]


def test_a_change_of_an_old_version_is_merged_after_the_text_came_back(
    small: None, text: TextDesk, alice: Person
) -> None:
    text.types(alice, *"abcdef")
    leaves(text)
    text.changes(alice, 1, "-", base=3)
    assert text.text == "a-bcdef"


def test_a_word_that_was_typed_is_found(text: TextDesk, alice: Person, charlie: Person) -> None:
    text.types(alice, "some", "thing ", "peculiar")
    leaves(text)
    found = alice.finds("peculiar")
    assert [(one["type"], one["id"]) for one in found] == [("file", text.id)]
    assert charlie.finds("peculiar") == []
    text.changes(alice, -len("something "), len("peculiar"), " 2")
    leaves(text)
    assert alice.finds("something") == []


def test_a_search_finds_one_change_and_no_more_than_the_beginning(
    app: Flask, text: TextDesk, alice: Person
) -> None:
    text.changes(alice, "é" * 70_000)
    leaves(text)
    with app.app_context():
        assert db.session.get_one(File, text.id).searchable == "é" * 64 * 1024


def test_finding_a_text_changes_nothing_of_the_file(
    app: Flask, text: TextDesk, alice: Person
) -> None:
    text.changes(alice, "hello")
    with app.app_context():
        before = db.session.get_one(File, text.id)
        db.session.expunge(before)
    leaves(text)
    with app.app_context():
        file = db.session.get_one(File, text.id)
        assert (file.etag, file.updated_at) == (before.etag, before.updated_at)
        assert file.searchable == "hello"


def test_a_document_whose_file_is_gone_leaves_memory(
    app: Flask, text: TextDesk, alice: Person
) -> None:
    text.changes(alice, "hello")
    with app.app_context():
        db.session.delete(db.session.get_one(File, text.id))
        db.session.commit()
    assert text.writer.in_memory == [text.id]
    leaves(text)
    assert text.writer.in_memory == []


# -- big ------------------------------------------------------------------------------------------


def change(
    text: TextDesk, author: Person, version: int, word: str, update: bytes | None = None
) -> dict[str, Any]:
    """Return the row of an insertion at the beginning."""
    row = {"file_id": text.id, "version": version, "base": version - 1, "author_id": author.id}
    row |= {"door": "yjs", "delta": [word], "update": update, "at": BEGAN}
    return row | {"inserted": len(word), "deleted": 0, "weight": weight((word,))}


def alike(row: dict[str, Any], through: int) -> Insert:
    """Insert a row with one version after the other, made where the database is."""
    versions = select(literal(row["version"]).label("version")).cte(recursive=True)
    newest = versions.c.version
    versions = versions.union_all(select(newest + 1).where(newest < through))
    columns = FileChange.__table__.columns
    values = {name: literal(value, columns[name].type) for name, value in row.items()}
    values |= {"version": versions.c.version, "base": versions.c.version - 1}
    made = select(*values.values()).select_from(versions)
    return insert(FileChange.__table__).from_select(list(values), made, include_defaults=False)


#: As many of the changes as compaction lets come together before it makes a checkpoint.
NOT_YET_HELD = compaction.CHECKPOINT_EVERY_UPDATES


def many_changes(text: TextDesk, author: Person, count: int) -> str:
    """Write so many changes of a megabyte, each of them a row; returns the text.

    A checkpoint holds all but the latest, as it does when they come one after the other.
    """
    doc: Doc[Text] = Doc()
    live = doc.get(ROOT_NAME, type=Text)
    first = "a line of text\n" * 70_000
    live.insert(0, first)
    held = count - NOT_YET_HELD
    for _ in range(1, held):
        live.insert(0, "x")
    packed = zlib.compress(str(live).encode(), compaction.ZLIB_LEVEL)
    checkpoint = {"version": held, "text": packed, "state": doc.get_update()}
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for _ in range(NOT_YET_HELD):
        live.insert(0, "x")
    doc.unobserve(subscription)
    with text.app.app_context():
        db.session.execute(insert(Checkpoint.__table__).values(file_id=text.id, **checkpoint))
        db.session.execute(insert(FileChange.__table__), [change(text, author, 1, first)])
        db.session.execute(alike(change(text, author, 2, "x"), held))
        late = [change(text, author, held + 1 + at, "x", one) for at, one in enumerate(updates)]
        db.session.execute(insert(FileChange.__table__), late)
        values = {"content_version": count, "size": len(str(live))}
        db.session.execute(update(File).where(File.id == text.id).values(**values))
        db.session.commit()
    return str(live)


def test_a_text_of_a_megabyte_and_100_000_changes_opens_at_once_and_is_small(
    text: TextDesk, alice: Person
) -> None:
    """A second is promised; the guard is generous, since the machine may be slow."""
    wanted = many_changes(text, alice, 100_000)
    compacted(text)
    kept = spans(text)
    assert len(kept) < 2000
    assert kept[0][0] == 0, "they were dropped, and not joined"
    began = time.thread_time()
    assert text.live == wanted
    took = time.thread_time() - began
    print(f"opened in {took:.3f} s")
    assert took < 10
    assert text.text == wanted
    text.changes(alice, "!")
    assert text.live == "!" + wanted


@pytest.mark.sqlite("plans")
def test_how_far_apart_checkpoints_are_takes_no_longer_in_a_longer_history(
    text: TextDesk, alice: Person
) -> None:
    looks = []
    for first, last in ((1, 600), (601, 3000)):
        with text.app.app_context():
            db.session.execute(alike(change(text, alice, first, "x"), last))
            kept = [{"file_id": text.id, "version": last - at, "text": b""} for at in (1, 0)]
            db.session.execute(delete(Checkpoint))
            db.session.execute(insert(Checkpoint.__table__), kept)
            db.session.commit()
        looks.append(steps_of_thinning(text))
        assert checkpoints(text) == [last - 1, last]
    assert looks[1] <= looks[0] + 1  # a tick of the counter may fall on either side


def steps_of_thinning(text: TextDesk) -> int:
    """Return how many hundreds of instructions SQLite carries out to thin checkpoints."""
    steps: list[None] = []
    with text.app.app_context():
        driver: Any = db.session.connection().connection.driver_connection
        driver.set_progress_handler(lambda: steps.append(None), 100)
        thinning.thin(text.id)
        driver.set_progress_handler(None, 0)
        db.session.rollback()
    return len(steps)
