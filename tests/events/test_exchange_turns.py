"""What a process tells others and hears of them, letter by letter, without a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask

from collab.events.bell.exchange import Exchange, on_exchange
from collab.events.bell.letters import (
    ALL_FOLLOWS,
    ALL_TOLD,
    FACTS_PER_LETTER,
    Letter,
    signal_in,
    signal_out,
)
from collab.events.bell.line import Line
from collab.events.bell.waking import Bell
from collab.events.hub import Hub
from collab.events.message import Message

from .fakes import Fake

TOPIC = "project:1"


class Wire(Line):
    """Keeps the letters that it should send."""

    alone = False

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[bytes] = []
        self.rings = 0

    def _run(self) -> None:
        """Run nothing."""

    def ring(self) -> None:
        self.rings += 1

    def send(self, letter: bytes) -> None:
        self.letters.append(letter)


class Side:
    """One process."""

    def __init__(self, app: Flask) -> None:
        self.bell, self.wire = Bell(), Wire()
        self.hub = Hub(self.bell)
        self.hub.crosses = True
        self.exchange = Exchange(app, self.hub, self.bell, self.wire)
        self.bell.take_rows()

    def comes(self, user_id: int, topic: str = TOPIC) -> Fake:
        made = Fake(user_id=user_id, session_id=user_id, name=f"No. {user_id}")
        self.hub.add(made, {topic: 1})
        self.hub.signals.clear()
        self.hub.crossing.clear()
        return made

    def told(self) -> list[Letter]:
        found = [Letter.read(one) for one in self.wire.letters]
        self.wire.letters.clear()
        return found

    def said(self) -> list[tuple[str, int]]:
        return [(one.type, one.data["user_id"]) for one in self.hub.signals]

    @property
    def present(self) -> list[int]:
        return [one["user_id"] for one in self.hub.present(TOPIC)]


@pytest.fixture
def app() -> Flask:
    return Flask("test")


@pytest.fixture
def here(app: Flask) -> Side:
    return Side(app)


@pytest.fixture
def there(app: Flask) -> Side:
    return Side(app)


def typing(text: str = "", kind: str = "typing") -> Message:
    return Message.signal(TOPIC, kind, 7, {"text": text})


def test_the_oldest_signals_are_told_with_how_far_the_log_was_published(here: Side) -> None:
    here.hub.position = 5
    sent = [typing(str(number)) for number in range(3)]
    for one in sent:
        here.hub.keep(one)
    here.exchange.tell(2)
    (letter,) = here.told()
    assert (letter.position, list(letter.present)) == (5, [])
    assert [signal_in(one).envelope() for one in letter.signals] == [
        one.envelope() for one in sent[:2]
    ]
    assert list(here.hub.crossing) == [sent[2]]


def test_who_came_and_went_is_told_once(here: Side) -> None:
    alice = here.comes(1)
    here.exchange.tell(0)
    here.hub.leave(alice)
    here.exchange.tell(0)
    here.exchange.tell(0)
    facts = [list(letter.present) for letter in here.told()]
    assert facts == [[[TOPIC, 1, "No. 1", None]], [[TOPIC, 1, None, None]]]


def test_to_nobody_nothing_is_told_later_either(here: Side) -> None:
    here.wire.alone = True
    here.comes(1)
    here.hub.keep(typing())
    here.exchange.tell(1)
    here.wire.alone = False
    here.exchange.tell(0)
    assert here.told() == []


def test_a_new_process_is_told_who_is_here_in_pieces(here: Side) -> None:
    here.hub.crosses = False
    for number in range(FACTS_PER_LETTER + 1):
        here.comes(number + 1)
    letters = [Letter.read(one) for one in here.exchange.met("there")]
    assert [len(one.present) for one in letters] == [0, FACTS_PER_LETTER, 1, 0]
    assert [one.mark for one in letters] == [ALL_FOLLOWS, "", "", ALL_TOLD]
    assert {fact[1] for one in letters for fact in one.present} == set(
        range(1, FACTS_PER_LETTER + 2)
    )
    assert here.hub.crosses is True


def test_who_goes_while_all_is_told_is_not_there_for_ever(here: Side, there: Side) -> None:
    alice = here.comes(1)
    here.exchange.tell(0)
    letters = here.exchange.met("there")
    seen = [next(letters), next(letters)]
    here.hub.leave(alice)
    tells = threading.Thread(target=here.exchange.tell, args=(0,))
    tells.start()
    # As long as the broadcaster would take if nothing kept it: what was seen is sent before.
    tells.join(0.2)
    for letter in (*seen, *letters):
        here.wire.send(letter)
    tells.join()
    for letter in here.wire.letters:
        there.exchange.take("here", letter)
    assert there.present == []


def test_who_went_without_a_word_is_gone_once_all_is_told_again(here: Side, there: Side) -> None:
    for number in (1, 2):
        here.comes(number)
    for letter in here.exchange.met("there"):
        there.exchange.take("here", letter)
    there.exchange.take("elsewhere", Letter(present=[(TOPIC, 3, "No. 3", None)]).write())
    here.hub.leave(here.hub._topics[TOPIC][0])
    here.exchange.tell(0)
    here.wire.letters.clear()  # as they are where a line is full
    there.hub.signals.clear()
    for letter in here.exchange.met("there"):
        there.exchange.take("here", letter)
    assert there.present == [2, 3]
    assert there.said() == [("user.left", 1)]


def test_a_ring_of_another_process_has_the_log_read(here: Side) -> None:
    here.exchange.rung()
    assert here.bell.take_rows()


def test_the_line_tells_what_comes_to_the_exchange(here: Side) -> None:
    assert here.wire.reader is here.exchange


def test_what_is_heard_is_given_to_followers_and_not_told_on(here: Side, there: Side) -> None:
    sent = typing("Grüße")
    here.hub.keep(sent)
    here.comes(2)
    here.hub.keep(sent)
    here.exchange.tell(1)
    (letter,) = here.wire.letters
    there.exchange.take("here", letter)
    joined, heard = there.hub.signals
    assert (joined.type, joined.data) == ("user.joined", {"user_id": 2, "name": "No. 2"})
    assert heard.envelope() == sent.envelope()
    assert there.present == [2]
    assert sent.public_id not in {one.public_id for one in there.hub.crossing}


def test_signals_have_the_log_read_up_to_where_their_sender_was(there: Side) -> None:
    signal = signal_out(typing(), {})
    there.hub.position = 5
    there.exchange.take("here", Letter(5, [signal]).write())
    assert not there.bell.take_rows()
    there.exchange.take("here", Letter(6).write())
    assert not there.bell.take_rows()
    there.exchange.take("here", Letter(6, [signal]).write())
    assert there.bell.take_rows()


@pytest.mark.parametrize(
    "letter",
    [b"", b"[]]", b"[1, [2], 3]", b"[1, 2, 3, 4]", b'[0, [["t", "k", 1, {}, "no time", "x"]], []]'],
)
def test_what_can_not_be_read_is_passed_over_and_noted(
    letter: bytes, there: Side, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "collab")  # whatever an application before has set
    there.exchange.take("here", letter)
    assert not there.hub.signals
    assert "a letter of process here can't be read" in caplog.text


def test_who_was_at_a_process_that_ends_goes_with_it(here: Side, there: Side) -> None:
    here.comes(1)
    here.exchange.tell(0)
    for origin in ("here", "elsewhere"):
        there.exchange.take(origin, here.wire.letters[0])
    there.exchange.take("here", Letter(present=[(TOPIC, 2, "Bob", None)]).write())
    there.hub.signals.clear()
    there.exchange.lost("here")
    assert there.said() == [("user.left", 2)]
    assert there.present == [1]


@pytest.mark.parametrize("alone", [True, False])
def test_a_process_that_ends_may_have_written_something(alone: bool, here: Side) -> None:
    here.wire.alone = alone
    here.exchange.lost("there")
    assert here.bell.take_rows()
    assert here.hub.crosses is (not alone)


class Teller:
    """Keeps what its signals say."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.order = threading.RLock()

    def in_order(self) -> AbstractContextManager[Any]:
        return self.order

    def write(self, message: Message) -> Any:
        return message.data | {"written": True}

    def hear(self, origin: str, message: Message) -> Message:
        self.heard.append((origin, message.data["text"]))
        return typing("as it is heard")

    def tell(self) -> Iterable[Message]:
        return [typing("known before")]

    def doubt(self, origin: str) -> None:
        self.heard.append((origin, "tells all"))

    def settle(self, origin: str) -> Iterable[Message]:
        return [typing(f"{origin} has told all")]

    def forget(self, origin: str) -> Iterable[Message]:
        return [typing(f"{origin} has gone")]


def test_a_package_writes_and_hears_signals_of_its_own_type(app: Flask) -> None:
    teller = Teller()
    on_exchange(app, "typing", teller)
    here, there = Side(app), Side(app)
    for kind in ("typing", "other"):
        here.hub.keep(typing("x", kind))
    here.exchange.tell(2)
    (letter,) = here.told()
    assert [one[3] for one in letter.signals] == [{"text": "x", "written": True}, {"text": "x"}]
    there.exchange.take("here", letter.write())
    assert teller.heard == [("here", "x")]
    assert [one.data["text"] for one in there.hub.signals] == ["as it is heard", "x"]


def test_a_package_tells_whoever_comes_and_forgets_whoever_goes(app: Flask) -> None:
    on_exchange(app, "typing", Teller())
    here = Side(app)
    _, letter, _ = (Letter.read(one) for one in here.exchange.met("there"))
    assert [one[3] for one in letter.signals] == [{"text": "known before", "written": True}]
    here.hub.position = 0
    here.bell.take_rows()
    here.exchange.lost("there")
    assert [one.data["text"] for one in here.hub.signals] == ["there has gone"]


def test_a_package_is_told_when_all_is_told_again(app: Flask) -> None:
    teller = Teller()
    on_exchange(app, "typing", teller)
    here, there = Side(app), Side(app)
    for letter in here.exchange.met("there"):
        there.exchange.take("here", letter)
    assert teller.heard == [("here", "tells all"), ("here", "known before")]
    told = [one.data["text"] for one in there.hub.signals]
    assert told == ["as it is heard", "here has told all"]


class Careful(Hub):
    """A hub that notes of which signals no thread could have overtaken it."""

    def __init__(self, bell: Bell, order: Any) -> None:
        super().__init__(bell)
        self.order, self.kept = order, list[bool]()

    def hear(self, signals: Iterable[Message], position: int) -> None:
        found: list[bool] = []
        other = threading.Thread(target=lambda: found.append(self.order.acquire(blocking=False)))
        other.start()
        other.join()
        self.kept.append(not found[0])
        super().hear(signals, position)


def test_nobody_overtakes_what_a_package_heard_until_it_is_told(app: Flask) -> None:
    teller = Teller()
    on_exchange(app, "typing", teller)
    side = Side(app)
    side.hub = Careful(side.bell, teller.order)
    exchange = Exchange(app, side.hub, side.bell, side.wire)
    exchange.take("there", Letter(signals=[signal_out(typing(), {"text": "x"})]).write())
    exchange.take("there", Letter(mark=ALL_TOLD).write())
    exchange.lost("there")
    assert side.hub.kept == [True, True, True]


# -- letters --------------------------------------------------------------------------------------


def test_a_letter_is_read_as_it_was_written() -> None:
    for letter in (Letter(), Letter(7, [["a"]], [["b"]]), Letter(mark=ALL_TOLD)):
        found = Letter.read(letter.write())
        assert (found.position, list(found.signals), list(found.present), found.mark) == (
            letter.position,
            list(letter.signals),
            list(letter.present),
            letter.mark,
        )


def test_a_letter_without_a_mark_is_as_former_versions_read_it() -> None:
    assert Letter(7, [["a"]], [["b"]]).write() == b'[7,[["a"]],[["b"]]]'


def test_a_signal_has_its_time_and_its_id_wherever_it_is_told() -> None:
    sent = typing("x")
    heard = signal_in(signal_out(sent, sent.data))
    assert heard.envelope() == sent.envelope()
    assert (heard.time, heard.id) == (sent.time, 0)
