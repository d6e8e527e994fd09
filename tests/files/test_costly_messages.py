"""Messages of editors that cost much more to read than to send: they make nobody else wait.

What is counted is work (pieces, states, clients), never time.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.files.editing.document import Document
from collab.files.editing.spending import Spending
from collab.files.updates.bounds import MAX_CLIENTS, Unusable
from collab.files.updates.structs import Update
from collab.files.updates.waiting import (
    MAX_ATTEMPTS,
    MAX_WAITING_PIECES,
    PendingUpdate,
    WaitingList,
)
from collab.files.yjs import protocol
from collab.files.yjs.awareness import MAX_STATE_BYTES
from collab.files.yjs.editor import READING_BYTES
from collab.files.yjs.protocol import MAX_STATES, STEP_1
from collab.realtime.allowance import Allowance
from collab.realtime.transport.live import LIVE

from ..support.people import Person
from ..support.texts import TextDesk
from ..support.updates import number, section, sized, text, update
from ..support.yjs import YjsEditor

ALICE, BOB = 1, 2
#: What everything waits for: the first letter of this client.
LATE = 5


def typed(client: int, length: int, behind: tuple[int, int]) -> bytes:
    """Write letters of a client, each a struct; the first stands after a letter of another."""
    rest = [text("a", left=(client, clock)) for clock in range(length - 1)]
    return update(section(client, 0, text("a", left=behind), *rest))


def letter(clock: int) -> bytes:
    left = (LATE, clock - 1) if clock else None
    return update(section(LATE, clock, text("x", left=left)))


def test_what_waits_for_one_letter_can_not_become_more_than_an_update_may_be() -> None:
    document = Document()
    for client in range(1000, 1015):  # 60 such of 63 KB took the texts' thread 5.2 s
        document.merge(typed(client, 9_000, (LATE, 0)), BOB)
        assert document.waiting.pieces <= MAX_WAITING_PIECES
    document.merge(letter(0), ALICE)
    assert len(document.units) <= 1 + MAX_WAITING_PIECES


@given(st.lists(st.integers(0, MAX_WAITING_PIECES), max_size=80))
def test_no_more_pieces_wait_than_one_thread_can_take(sizes: list[int]) -> None:
    room = WaitingList()
    for size in sizes:
        room.add(PendingUpdate(Update(b""), BOB, {LATE: 1}, size, 0))
        assert room.pieces <= MAX_WAITING_PIECES
    left = 0
    while one := room.take({LATE: 1}):
        left += one.pieces
    assert (room.pieces, left <= MAX_WAITING_PIECES) == (0, True)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=30))
def test_what_waits_is_tried_so_often_and_no_more(clocks: list[int]) -> None:
    """It deletes what comes letter by letter: each one of these had it looked at again."""
    document = Document()
    waits = update(deletes={LATE: [(clock, 1) for clock in sorted(set(clocks))]})
    document.merge(waits, BOB)
    for clock in range(31):
        document.merge(letter(clock), ALICE)
    kept = 31 - len(document.units)
    assert kept == min(len(set(clocks)), MAX_ATTEMPTS)
    document.merge(waits, BOB)  # whoever sends it again is heard
    assert document.units == "x" * (31 - len(set(clocks)))


def test_who_brings_what_others_wait_for_does_not_pay_for_them() -> None:
    document = Document()
    document.merge(typed(1000, 2_000, (LATE, 0)), BOB)
    assert not document.waiting.take_bills()
    document.merge(letter(0), ALICE)
    bills = document.waiting.take_bills()
    assert (set(bills), bills[BOB] > 0, document.waiting.take_bills()) == ({BOB}, True, {})

    spending = Spending(lambda: 0.0)
    spending.note(ALICE, 3.0)
    spending.shift(2.5, ALICE, BOB)
    assert (spending.owed(ALICE), spending.owed(BOB)) == (0.5, 2.5)


def test_the_bill_reaches_whoever_sent_what_had_waited(
    text: TextDesk, alice: Person, bob: Person, yjs: Callable[..., YjsEditor]
) -> None:
    text.changes(alice, "hello")
    hostile, editor = yjs(bob, text.id).sync(), yjs(alice, text.id).sync()
    hostile.send(protocol.sync(protocol.UPDATE, typed(1000, 5_000, (LATE, 0))))
    hostile.sync()
    spending = text.writer._spending = Spending(lambda: 0.0)  # nobody owes anything
    editor.send(protocol.sync(protocol.UPDATE, letter(0)))
    editor.sync()
    assert len(text.live) == 5 + 1 + 5_000
    assert spending.owed(bob.id) > 0


# -- state vectors --------------------------------------------------------------------------------


def vector(clients: int) -> bytes:
    """Return what somebody has who knows so many clients, whose numbers have three bytes each."""
    lowest = [bytes((low | 128,)) for low in range(128)]
    others = (number(high) + b"\1" for high in range(128, 129 + clients // 128))
    return number(clients) + b"".join(one.join([*lowest, b""]) for one in others)[: 4 * clients]


def test_a_state_vector_has_no_more_clients_than_the_text_and_one_update() -> None:
    document = Document()
    document.merge(update(*(section(one, 0, text("a")) for one in range(1, 11))), ALICE)
    known = number(10 + MAX_CLIENTS) + b"".join(number(one) + b"\1" for one in range(1, 11))
    known += vector(MAX_CLIENTS)[len(number(MAX_CLIENTS)) :]
    assert document.missing(known) == protocol.EMPTY_UPDATE
    for hostile in (vector(10 + MAX_CLIENTS + 1), vector(1_500_000)):  # 6 MB: 1.4 s and 180 MB
        with pytest.raises(Unusable, match="more than 1010 clients"):
            document.missing(hostile)


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_who_sends_a_huge_state_vector_is_closed(
    who: str,
    text: TextDesk,
    alice: Person,
    yjs: Callable[..., YjsEditor],
    request: pytest.FixtureRequest,
) -> None:
    text.changes(alice, "hello")
    hostile = yjs(request.getfixturevalue(who), text.id)
    hostile.send(protocol.sync(STEP_1, vector(100_000)))
    assert hostile.wait_closed().code == 4400
    assert str(yjs(alice, text.id).sync().text) == "hello"


# -- states of editors ----------------------------------------------------------------------------


def states(count: int, json: bytes = b"{}") -> bytes:
    return number(count) + b"".join(number(n % 120) + b"\1" + sized(json) for n in range(count))


@pytest.mark.parametrize("count", [0, 1, MAX_STATES, MAX_STATES + 1, 120_000])
def test_a_message_tells_of_no_more_editors_than_so_many(count: int) -> None:
    assert len(protocol.states(states(count), MAX_STATE_BYTES)) == min(count, MAX_STATES)


def test_states_of_editors_are_read_at_a_person_s_rate_whatever_becomes_of_them(
    text: TextDesk, bob: Person, yjs: Callable[..., YjsEditor]
) -> None:
    burst = 10 * 2**20
    heard = LIVE.of(text.app).heard = Allowance(1, burst, "tests", clock=lambda: 0.0)
    told = states(MAX_STATES)
    for editor in [yjs(bob, text.id).sync() for _ in range(2)]:
        editor.send(bytes((protocol.AWARENESS,)) + sized(told))
        editor.sync()
    spent = 2 * (len(told) + MAX_STATES * READING_BYTES)
    assert heard.owe(bob.id, burst - spent) == 0
    assert heard.owe(bob.id, 1) == 1
