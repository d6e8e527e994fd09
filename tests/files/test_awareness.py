"""Whose editor is whose: no echo takes one over, and none stays when its editor has gone."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from collab.core.errors import Malformed
from collab.files.yjs import awareness as module
from collab.files.yjs import protocol
from collab.files.yjs.awareness import MAX_EDITORS, MAX_STATE_BYTES, Awareness
from collab.files.yjs.protocol import State, merge

FILE, BOB, ALICE = 1, 2, 3


def told_of(awareness: Awareness) -> dict[int, bytes]:
    return {one.client: one.json for one in awareness.states(FILE)}


@pytest.fixture
def awareness() -> Awareness:
    return Awareness()


# -- a stock editor, as y-protocols and y-websocket make it ---------------------------------------


@dataclass(eq=False)
class Tab:
    """An editor: what it knows of all editors, and what it has sent or been sent."""

    client: int
    user_id: int
    clock: int = 1
    json: bytes = b'{"at":0}'
    known: dict[int, State] = field(default_factory=dict)
    clocks: dict[int, int] = field(default_factory=dict)
    connection: object | None = None
    opening: bool = True
    #: Sent to the server, and not there yet; and what waits there for the editor to read.
    up: deque[list[State]] = field(default_factory=deque)
    down: dict[int, State] = field(default_factory=dict)
    gone: bool = False

    def own(self) -> State:
        return State(self.client, self.clock, self.json)

    def hear(self, states: list[State]) -> list[State]:
        """Take in what it is told (applyAwarenessUpdate); returns what it repeats."""
        changed = []
        for one in states:
            if one.client == self.client:
                if one.clock > self.clock and not self.gone:
                    self.clock = one.clock + one.gone
                    self.json = self.json if one.gone else one.json
                continue
            clock = self.clocks.get(one.client, 0)
            newer = one.clock > clock
            if newer or (one.clock == clock and one.gone and one.client in self.known):
                self.clocks[one.client] = one.clock
                changed.append(one)
                if one.gone:
                    self.known.pop(one.client, None)
                else:
                    self.known[one.client] = one
        return changed


class Tabs(RuleBasedStateMachine):
    """People open, use, close, kill and reload tabs, and messages come whenever they like.

    Tabs of one person hear each other at once (a BroadcastChannel), and repeat it to the server.
    """

    tabs = Bundle("tabs")

    def __init__(self) -> None:
        super().__init__()
        self.awareness = Awareness()
        self.ids, self.moves = itertools.count(1), itertools.count(1)
        self.all: list[Tab] = []
        #: Connections that are broken, of which the server does not know yet.
        self.broken: list[object] = []
        self.killed: dict[int, set[int]] = {BOB: set(), ALICE: set()}
        #: Editors of which the server has ever told.
        self.heard_of: set[int] = set()
        #: What the hub has not told yet; who comes meanwhile is told of all first.
        self.signals: deque[list[State]] = deque()

    # -- the server

    def relay(self, states: list[State]) -> None:
        if states:
            self.heard_of |= {one.client for one in states}
            self.signals.append(states)

    def server_hears(self, tab: Tab, states: list[State]) -> None:
        opening, tab.opening = tab.opening, False
        told = self.awareness.tell(FILE, tab.connection, tab.user_id, states, opening=opening)
        self.relay(told)

    def leave(self, connection: object) -> None:
        self.relay(self.awareness.leave(FILE, connection))

    # -- editors

    def connect_tab(self, tab: Tab) -> None:
        tab.connection, tab.opening = object(), True
        merge(tab.down, self.awareness.join(FILE, tab.connection))
        tab.up.append([tab.own()])
        self.to_siblings(tab, [tab.own()])
        for other in self.siblings(tab):
            self.say(tab, tab.hear([other.own()]), siblings=False)

    def siblings(self, tab: Tab) -> list[Tab]:
        return [one for one in self.all if one.user_id == tab.user_id and one is not tab]

    def say(self, tab: Tab, states: list[State], *, siblings: bool = True) -> None:
        if states and tab.connection is not None:
            tab.up.append(states)
        if states and siblings:
            self.to_siblings(tab, states)

    def to_siblings(self, tab: Tab, states: list[State]) -> None:
        for other in self.siblings(tab):
            changed = other.hear(states)
            if changed and other.connection is not None:
                other.up.append(changed)

    @rule(target=tabs, user_id=st.sampled_from((BOB, BOB, ALICE)))
    def open(self, user_id: int) -> Tab:
        tab = Tab(next(self.ids), user_id)
        self.all.append(tab)
        self.connect_tab(tab)
        return tab

    @rule(tab=tabs)
    def move(self, tab: Tab) -> None:
        tab.clock, tab.json = tab.clock + 1, b'{"at":%d}' % next(self.moves)
        self.say(tab, [tab.own()])

    @rule(tab=tabs)
    def lose_the_connection_and_come_back(self, tab: Tab) -> None:
        self.drop(tab)
        self.connect_tab(tab)

    @rule(tab=consumes(tabs))
    def close(self, tab: Tab) -> None:
        tab.clock, tab.json, tab.gone = tab.clock + 1, b"null", True
        self.say(tab, [tab.own()])
        while tab.up:
            self.server_hears(tab, tab.up.popleft())
        self.drop(tab)
        self.all.remove(tab)

    @rule(tab=consumes(tabs))
    def kill(self, tab: Tab) -> None:
        self.killed[tab.user_id].add(tab.client)
        self.drop(tab)
        self.all.remove(tab)

    def drop(self, tab: Tab) -> None:
        self.broken.append(tab.connection)
        tab.connection = None
        tab.known.clear()
        tab.up.clear()
        tab.down.clear()

    # -- the network

    @rule(tab=tabs)
    def a_message_arrives_at_the_server(self, tab: Tab) -> None:
        if tab.up:
            self.server_hears(tab, tab.up.popleft())

    @rule(tab=tabs)
    def a_message_arrives_at_the_editor(self, tab: Tab) -> None:
        if tab.down:
            states = list(tab.down.values())
            tab.down.clear()
            self.say(tab, tab.hear(states))

    @rule()
    def the_hub_tells(self) -> None:
        if self.signals:
            states = self.signals.popleft()
            for one in self.all:
                if one.connection is not None:
                    merge(one.down, states)

    @rule()
    def the_server_sees_that_a_connection_is_broken(self) -> None:
        if self.broken:
            self.leave(self.broken.pop(0))

    @invariant()
    def nothing_is_kept_of_nobody(self) -> None:
        if not self.all and not self.broken:
            assert not self.awareness.states(FILE)

    def teardown(self) -> None:
        """Let everything arrive: then all see all who are there, and nobody else."""
        while self.broken:
            self.leave(self.broken.pop())
        while self.signals or any(tab.up or tab.down for tab in self.all):
            self.the_hub_tells()
            for tab in self.all:
                self.a_message_arrives_at_the_server(tab)
                self.a_message_arrives_at_the_editor(tab)
        there = {tab.client: tab.json for tab in self.all}
        assert told_of(self.awareness) == there
        for tab in self.all:
            seen = {key: one.json for key, one in tab.known.items()} | {tab.client: tab.json}
            # Of a sibling that was killed at once only the other tab knows, for 30 s.
            for client in self.killed[tab.user_id] - self.heard_of:
                seen.pop(client, None)
            # What a tab has from a sibling comes back to it with the next renewal, as it is stock.
            for one in self.siblings(tab):
                seen.setdefault(one.client, one.json)
            assert seen == there


Tabs.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestNoGhosts = Tabs.TestCase


# -- what two tabs did wrong ----------------------------------------------------------------------


def test_an_echo_never_takes_an_editor_over_from_another_tab(awareness: Awareness) -> None:
    one, other = object(), object()
    for owner in (one, other):
        awareness.join(FILE, owner)
    awareness.tell(FILE, one, BOB, [State(7, 1, b"{}")], opening=True)
    awareness.tell(FILE, other, BOB, [State(8, 1, b"{}")], opening=True)
    for clock in (1, 2, 9):
        assert awareness.tell(FILE, other, BOB, [State(7, clock, b"{}")]) == []
    assert awareness.leave(FILE, one) == [State(7, 9, b"null")]
    for clock in (1, 9):
        told = awareness.tell(FILE, other, BOB, [State(7, clock, b"{}")])
        assert told == [State(7, 9, b"null")]
    assert told_of(awareness) == {8: b"{}"}


def test_an_echo_by_somebody_else_brings_nobody_back(awareness: Awareness) -> None:
    one, other = object(), object()
    for owner in (one, other):
        awareness.join(FILE, owner)
    awareness.tell(FILE, one, BOB, [State(7, 1, b"{}")])
    awareness.leave(FILE, one)
    assert awareness.tell(FILE, other, ALICE, [State(7, 1, b"{}")]) == [State(7, 1, b"null")]
    assert awareness.tell(FILE, other, ALICE, [State(7, 5, b"{}")]) == []
    assert told_of(awareness) == {}


def test_an_editor_that_comes_back_with_its_old_clock_is_told_with_a_higher_one(
    awareness: Awareness,
) -> None:
    first, stays, again = object(), object(), object()
    for owner in (first, stays, again):
        awareness.join(FILE, owner)
    awareness.tell(FILE, first, BOB, [State(7, 4, b"{}")], opening=True)
    awareness.leave(FILE, first)
    back = awareness.tell(FILE, again, BOB, [State(7, 4, b"{}")], opening=True)
    assert back == [State(7, 6, b"{}")]
    moved = awareness.tell(FILE, again, BOB, [State(7, 5, b'{"at":1}')])
    assert moved == [State(7, 7, b'{"at":1}')]


def test_what_an_editor_was_told_when_it_came_is_not_replaced_by_what_others_hear_later() -> None:
    waiting = {7: State(7, 3, b"{}")}
    merge(waiting, [State(7, 1, b"{}")])
    assert waiting == {7: State(7, 3, b"{}")}
    merge(waiting, [State(7, 3, b"null")])
    assert waiting[7].gone


def test_an_editor_that_moved_while_it_was_away_hears_its_own_last_word_last() -> None:
    tabs = Tabs()
    one = tabs.open(user_id=BOB)
    tabs.a_message_arrives_at_the_server(tab=one)
    tabs.lose_the_connection_and_come_back(tab=one)
    tabs.move(tab=one)
    tabs.lose_the_connection_and_come_back(tab=one)
    tabs.close(tab=tabs.open(user_id=BOB))
    tabs.teardown()
    assert told_of(tabs.awareness) == {one.client: one.json}


def test_an_editor_that_comes_back_before_its_old_connection_ends_stays(
    awareness: Awareness,
) -> None:
    broken, again = object(), object()
    for owner in (broken, again):
        awareness.join(FILE, owner)
    awareness.tell(FILE, broken, BOB, [State(7, 4, b"{}")], opening=True)
    awareness.tell(FILE, again, BOB, [State(7, 4, b"{}")], opening=True)
    assert awareness.leave(FILE, broken) == []
    assert told_of(awareness) == {7: b"{}"}


# -- how much -------------------------------------------------------------------------------------


def test_what_is_too_much_is_passed_over_and_the_rest_kept(awareness: Awareness) -> None:
    one = object()
    big = [State(1, 1, b"x" * (MAX_STATE_BYTES + 1)), State(2, 1, b"{}")]
    assert awareness.tell(FILE, one, BOB, big) == [State(2, 1, b"{}")]
    many = [State(key, 1, b"{}") for key in range(10, 10 + 2 * MAX_EDITORS)]
    awareness.tell(FILE, one, BOB, many)
    assert len(awareness.states(FILE)) == MAX_EDITORS


def told(json: bytes) -> bytes:
    return protocol.number(1) + bytes((7, 1)) + protocol.sized(json)


@pytest.mark.parametrize(
    "json", [b'"\\ud83d"', b'{"name":"\\udc00"}', b"null", b"1e999", b'"\xf0\x9f\x98\x80"']
)
def test_what_editors_read_as_json_is_taken(json: bytes) -> None:
    assert protocol.states(told(json), 100) == [State(7, 1, json)]


@pytest.mark.parametrize(
    "json", [b"", b"x", b"NaN", b"-Infinity", b'"\xed\xa0\xbd"', b'"\xff"', b"[" * 5000]
)
def test_what_editors_would_stumble_over_is_refused(json: bytes) -> None:
    with pytest.raises(Malformed):
        protocol.states(told(json), 10_000)


# -- editors of other processes -------------------------------------------------------------------

THERE = "another process"


def test_an_editor_of_another_process_is_shown_and_what_it_says_next_is_newer(
    awareness: Awareness,
) -> None:
    here = object()
    told = awareness.hear(FILE, THERE, BOB, [State(7, 1, b'{"at":0}')])
    assert told == [State(7, 1, b'{"at":0}')]
    for _ in range(3):  # to each that comes its clock is raised
        (shown,) = awareness.join(FILE, here)
    (moved,) = awareness.hear(FILE, THERE, BOB, [State(7, 2, b'{"at":5}')])
    assert moved.clock > shown.clock
    assert told_of(awareness) == {7: b'{"at":5}'}


def test_an_editor_that_comes_over_from_another_process_stays_when_that_says_it_has_gone(
    awareness: Awareness,
) -> None:
    here = object()
    awareness.hear(FILE, THERE, BOB, [State(7, 1, b'{"at":0}')])
    awareness.join(FILE, here)
    awareness.tell(FILE, here, BOB, [State(7, 2, b'{"at":1}')], opening=True)
    assert awareness.hear(FILE, THERE, BOB, [State(7, 3, protocol.GONE_STATE)]) == []
    assert awareness.forget(THERE) == []
    assert told_of(awareness) == {7: b'{"at":1}'}


def test_the_editors_of_a_process_that_ended_go_and_no_others(awareness: Awareness) -> None:
    here = object()
    awareness.join(FILE, here)
    awareness.tell(FILE, here, ALICE, [State(8, 1, b"{}")], opening=True)
    awareness.hear(FILE, THERE, BOB, [State(7, 1, b"{}")])
    awareness.hear(FILE, "a third process", BOB, [State(9, 1, b"{}")])
    ((file_id, gone),) = awareness.forget(THERE)
    assert (file_id, [one.client for one in gone if one.gone]) == (FILE, [7])
    assert told_of(awareness) == {8: b"{}", 9: b"{}"}
    assert awareness.here() == [(FILE, ALICE, State(8, 1, b"{}"))]


def test_nobody_takes_an_editor_over_from_another_process(awareness: Awareness) -> None:
    here = object()
    awareness.join(FILE, here)
    awareness.tell(FILE, here, ALICE, [State(8, 1, b'{"name":"Alice"}')], opening=True)
    assert awareness.hear(FILE, THERE, BOB, [State(8, 9, b'{"name":"Bob"}')]) == []
    assert told_of(awareness) == {8: b'{"name":"Alice"}'}


def test_what_editors_elsewhere_said_goes_with_them(awareness: Awareness) -> None:
    awareness.hear(FILE, THERE, BOB, [State(7, 1, b"{}")])
    awareness.forget(THERE)
    assert awareness._texts == {}


def test_editors_of_which_a_process_does_not_tell_again_are_gone(awareness: Awareness) -> None:
    here, other = object(), "a third process"
    for client in (6, 7, 8):
        awareness.hear(FILE, THERE, BOB, [State(client, 1, b"{}")])
    awareness.hear(FILE, other, BOB, [State(9, 1, b"{}")])
    awareness.doubt(THERE)
    awareness.join(FILE, here)
    awareness.tell(FILE, here, BOB, [State(6, 2, b"{}")], opening=True)  # it has come over
    awareness.hear(FILE, THERE, BOB, [State(8, 1, b"{}")])
    ((file_id, gone),) = awareness.settle(THERE)
    assert (file_id, [(one.client, one.gone) for one in gone]) == (FILE, [(7, True)])
    assert sorted(told_of(awareness)) == [6, 8, 9]
    assert awareness.settle(THERE) == []


def test_a_process_that_ended_is_doubted_no_more(awareness: Awareness) -> None:
    awareness.hear(FILE, THERE, BOB, [State(7, 1, b"{}")])
    awareness.doubt(THERE)
    awareness.forget(THERE)
    assert awareness._doubted == {}
    assert awareness._texts == {}


def test_what_is_older_than_what_an_editor_said_itself_is_passed_over(awareness: Awareness) -> None:
    connection = object()
    awareness.join(FILE, connection)
    tell = lambda *said: awareness.tell(  # noqa: E731
        FILE, connection, BOB, [State(*said)], opening=False
    )
    assert tell(1, 5, b'{"at":5}')
    assert tell(1, 4, b'{"at":4}') == []
    assert told_of(awareness) == {1: b'{"at":5}'}


def test_only_so_many_of_those_that_have_gone_are_remembered(
    awareness: Awareness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_EDITORS_REMEMBERED", 1)
    stays = object()
    awareness.join(FILE, stays)
    for client in (1, 2):
        connection = object()
        awareness.join(FILE, connection)
        awareness.tell(FILE, connection, BOB, [State(client, 9, b"{}")], opening=True)
        awareness.leave(FILE, connection)
    # Of the second it is known that it has gone, so an old word of it is none of its coming.
    told = [State(client, 3, b"{}") for client in (1, 2)]
    answers = {
        one.client: one.gone for one in awareness.tell(FILE, stays, ALICE, told, opening=True)
    }
    assert answers == {1: False, 2: True}
