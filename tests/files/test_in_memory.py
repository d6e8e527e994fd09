"""The texts in memory: which are taken apart beside the writer's thread, and which leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask

from collab.core.errors import NotFound
from collab.extensions import db
from collab.files.editing.in_memory import LONG_BYTES, MAX_HELPED, InMemory
from collab.files.models import File

from ..support.people import Person
from ..support.waiting import eventually


@pytest.fixture
def memory(app: Flask) -> Iterator[InMemory]:
    """Return a memory of its own, within an application's context."""
    made = InMemory(app)
    with app.app_context():
        yield made
        db.session.remove()
    made.close()


def made(alice: Person, workspace: int, count: int, size: int = 10) -> list[int]:
    """Make texts of a size; returns their ids."""
    return [alice.makes_file(workspace, f"{one}", "x" * size)["id"] for one in range(count)]


def waiting(memory: InMemory, texts: list[int]) -> list[int]:
    """Ask for each text once; returns those that are not taken apart yet."""
    return [one for one in texts if memory.unready(one)]


def test_what_is_prepared_takes_no_more_than_its_room(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    first, second = made(alice, workspace, 2, 2 * LONG_BYTES)
    memory.prepare(first)
    ((_, loading),) = memory._prepared.values()
    memory.most_bytes = loading.weight
    memory.prepare(second)
    assert list(memory._prepared) == [second]


class Loaded:
    """A text that the writer's thread loads in the moment in which it is weighed."""

    def __init__(self, memory: InMemory, file_id: int) -> None:
        self._taken = lambda: memory._prepared.pop(file_id, None)

    @property
    def weight(self) -> int:
        self._taken()
        return 1


def test_what_is_loaded_while_another_is_prepared_disturbs_nobody(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    (long,) = made(alice, workspace, 1, 2 * LONG_BYTES)
    for file_id in (-1, -2):
        memory._prepared[file_id] = cast("Any", (None, Loaded(memory, file_id)))
    memory.most_bytes = 0
    memory.prepare(long)
    assert list(memory._prepared) == []


def test_a_short_text_is_taken_apart_where_it_is_loaded(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    (short,) = made(alice, workspace, 1)
    assert not memory.unready(short)
    assert memory._helper is None


def test_a_long_text_is_taken_apart_beside_the_writers_thread(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    (long,) = made(alice, workspace, 1, 2 * LONG_BYTES)
    with memory._preparing:  # so it is not done yet when it is asked again
        assert memory.unready(long)
        assert memory.unready(long)
    eventually(lambda: not memory.unready(long))
    assert list(memory._prepared) == [long]
    assert len(memory.live_text(long).document.units) == 2 * LONG_BYTES
    assert not memory.unready(long)


def test_of_very_many_long_texts_the_last_wait_for_their_turn(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    texts = made(alice, workspace, MAX_HELPED + 1, 2 * LONG_BYTES)
    with memory._preparing:
        assert waiting(memory, texts) == texts
        assert list(memory._helping) == texts[:-1]
    eventually(lambda: not waiting(memory, texts))


def test_a_short_text_waits_for_no_long_ones(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    texts = made(alice, workspace, MAX_HELPED, 2 * LONG_BYTES)
    short = alice.makes_file(workspace, "short", "x")["id"]
    with memory._preparing:
        assert waiting(memory, texts) == texts
        assert not memory.unready(short)


def test_what_was_taken_apart_and_never_asked_for_takes_no_place_for_good(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    """Eight texts that nobody came back for, or did, kept all others from being opened."""
    *texts, last = made(alice, workspace, MAX_HELPED + 1, 2 * LONG_BYTES)
    assert waiting(memory, texts) == texts
    eventually(lambda: all(one.done() for one in memory._helping.values()))
    assert memory.unready(last)
    eventually(lambda: not memory.unready(last))
    assert last in memory._prepared


def test_a_long_text_that_was_deleted_meanwhile_is_told_when_it_is_loaded(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    (long,) = made(alice, workspace, 1, 2 * LONG_BYTES)
    with memory._preparing:
        assert memory.unready(long)
        db.session.delete(db.session.get_one(File, long))
        db.session.commit()
    eventually(lambda: not memory.unready(long))
    with pytest.raises(NotFound):
        memory.live_text(long)


def test_texts_that_have_no_room_together_are_loaded_in_turns(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    first, second = made(alice, workspace, 2)
    memory.most_bytes = 0
    left = memory.load([first, second])
    assert (list(memory), left) == ([first], {second})
    assert memory.load(left) == set()


def test_a_long_text_holds_up_no_other(memory: InMemory, alice: Person, workspace: int) -> None:
    long, short = made(alice, workspace, 1, 2 * LONG_BYTES)[0], alice.makes_file(workspace, "s")
    with memory._preparing:
        assert memory.load([long, short["id"]]) == {long}
    assert list(memory) == [short["id"]]


def test_a_text_that_is_gone_is_no_reason_to_wait(memory: InMemory) -> None:
    assert memory.load([2**40]) == set()


def test_those_that_take_twice_the_room_leave_at_once_the_one_used_last_stays(
    memory: InMemory, alice: Person, workspace: int
) -> None:
    texts = made(alice, workspace, 3)
    memory.load(texts)
    memory.live_text(texts[0])
    memory.most_bytes = 0
    memory.squeeze()
    assert list(memory) == [texts[0]]
    assert memory.footprint == memory[texts[0]].footprint


def test_a_text_that_is_not_there_may_be_dropped(memory: InMemory) -> None:
    memory.drop(1)
    assert len(memory) == memory.footprint == 0
