"""Small changes that come faster than messages may are said as one, which says the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from collab.files.editing.document import Document
from collab.files.updates.joining import MAX_JOINED_PIECES, Joined
from collab.files.yjs import bursts, protocol
from collab.files.yjs.protocol import STEP_1, SYNC, UPDATE, MessageReader, State

from ..support.people import Person
from ..support.waiting import eventually
from ..support.yjs import YjsEditor

#: Where and what somebody types or deletes: a number picks the place, and a text goes there.
EDIT = st.tuples(st.integers(0, 1000), st.one_of(st.text("ab\n😀é", max_size=3), st.integers(1, 4)))
#: What else comes between two changes: nothing mostly, a cursor, a question.
BETWEEN = st.sampled_from([b"", b"", b"", b"", b"cursor", b"question"])
STEPS = st.lists(st.tuples(st.integers(0, 1), EDIT, BETWEEN), max_size=40)

OTHERS = {
    b"cursor": protocol.awareness([State(7, 1, b"{}")]),
    b"question": protocol.sync(STEP_1, b"\0"),
}


class Author:
    """An editor that notes the update of each of its changes."""

    def __init__(self, client: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self.text = self.doc.get("content", type=Text)
        self.updates: list[bytes] = []
        self.doc.observe(lambda event: self.updates.append(event.update))

    def edit(self, place: int, what: str | int) -> bytes:
        """Change something; returns the update, empty if nothing changed."""
        before, letters = len(self.updates), str(self.text)
        at = len(letters[: place % (len(letters) + 1)].encode())
        with self.doc.transaction():
            if isinstance(what, str):
                self.text.insert(at, what)
            else:
                end = len(letters[: place % (len(letters) + 1) + what].encode())
                del self.text[at:end]
        return b"".join(self.updates[before:])


def sent_by(steps: list[tuple[int, tuple[int, Any], bytes]]) -> list[bytes]:
    """Return the messages of two who type side by side, as one connection might bring them."""
    authors = [Author(11), Author(12)]
    messages = []
    for who, (place, what), between in steps:
        if update := authors[who].edit(place, what):
            messages.append(protocol.sync(UPDATE, update))
            if place % 2:  # now and then each sees what the other did
                authors[1 - who].doc.apply_update(authors[who].doc.get_update())
        if between:
            messages.append(OTHERS[between])
    return messages


def joined(messages: list[bytes]) -> list[Any]:
    waiting: deque[str | bytes] = deque(messages)
    bursts.join(waiting)
    return list(waiting)


def update_of(message: bytes) -> bytes | None:
    reader = MessageReader(message)
    return reader.sized() if (reader.number(), reader.number()) == (SYNC, UPDATE) else None


def document_of(messages: list[bytes]) -> Document:
    made = Document()
    for message in messages:
        if (update := update_of(message)) is not None:
            made.merge(update)
    return made


@given(STEPS)
def test_the_document_is_the_same(steps: list[tuple[int, tuple[int, Any], bytes]]) -> None:
    messages = sent_by(steps)
    one_by_one, at_once = document_of(messages), document_of(joined(messages))
    assert (at_once.units, at_once.clocks) == (one_by_one.units, one_by_one.clocks)
    assert at_once.state() == one_by_one.state()
    stock: Doc[Any] = Doc()
    stock.apply_update(at_once.state())
    assert len(at_once.units) == len(str(stock.get("content", type=Text)).encode("utf-16-le")) // 2


@given(STEPS)
def test_what_comes_between_stays_where_it_is(
    steps: list[tuple[int, tuple[int, Any], bytes]],
) -> None:
    messages = sent_by(steps)
    parts: list[list[bytes]] = [[]]
    for one in messages:
        parts[-1].append(one) if update_of(one) is not None else parts.append([])
    found = joined(messages)
    assert [one for one in found if update_of(one) is None] == [
        one for one in messages if update_of(one) is None
    ]
    assert len(found) <= len(messages)
    assert len(found) >= sum(bool(part) for part in parts) + len(parts) - 1


@given(st.lists(st.binary(max_size=40) | st.text(max_size=5), max_size=20))
def test_what_is_no_small_update_is_left_as_it_is(messages: list[Any]) -> None:
    for one in messages:
        if isinstance(one, bytes) and one[:2] == bytes((SYNC, UPDATE)):
            return
    assert joined(messages) == messages


def test_typing_on_is_said_as_one_up_to_a_bound() -> None:
    author = Author(11)
    messages = [
        protocol.sync(UPDATE, author.edit(at, "x")) for at in range(MAX_JOINED_PIECES * 2 + 1)
    ]
    found = joined(messages)
    assert len(found) == 3
    assert document_of(found).units == "x" * len(messages)


def test_what_does_not_follow_on_what_was_before_is_not_joined() -> None:
    author = Author(11)
    first, lost, third = (author.edit(at, "x") for at in range(3))
    one = Joined()
    assert one.add(first)
    assert not one.add(third)
    assert one.add(lost)
    assert not one.add(b"no update")
    assert one.written() == joined_alone(first, lost)


def joined_alone(*updates: bytes) -> bytes:
    (message,) = joined([protocol.sync(UPDATE, one) for one in updates])
    return update_of(message) or b""


def test_thousands_of_small_changes_that_come_at_once_are_saved_in_few(
    serve: Callable[..., Any], alice: Person, project: int
) -> None:
    server = serve(MESSAGE_RATE="10")
    text, author = alice.makes_text(project), Author(11)
    sends = YjsEditor(server.url, text, token=alice.token).sync()
    for at in range(3000):
        sends.send(protocol.sync(UPDATE, author.edit(at, "x")))
    eventually(lambda: alice.reads(text) == "x" * 3000)
    newest = alice.get(f"/files/{text}/history", params={"limit": 1}).json()["items"][0]
    assert newest["version"] < 1500
    sends.close()
