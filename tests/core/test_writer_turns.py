"""Who has written much lately stands behind those who have not."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from collab.core.caller import Caller, act_as
from collab.core.counting.debts import Debts
from collab.core.database.turns import CPU_S_PER_S, FREE_CPU_S, MAX_CPU_S, WriterTurns
from collab.core.transactions.fair_lock import FairLock

from ..support.waiting import eventually


def person(number: int) -> Caller:
    return Caller(number, number, f"p{number}", f"p{number}@example.com", False, datetime.now(UTC))


class Turns:
    """Turns of people whose CPU time is as the test says."""

    def __init__(self, app: Flask) -> None:
        self.app, self.now, self.wall, self.order = app, 0.0, 0.0, list[int | None]()
        # All come at the same moment, one after the other: how fast this machine is says nothing.
        lock = FairLock(lambda: 0.0)
        self.turns = WriterTurns(30, lambda _: None, lock, lambda: self.now)
        self.turns._debts = Debts(CPU_S_PER_S, lambda: self.wall)

    def write(self, who: int | None, cpu_s: float = 0.0) -> None:
        connection: Any = SimpleNamespace(info={})
        with self.app.app_context():
            act_as(person(who) if who else None)
            self.turns.take(connection)
            self.order.append(who)
            self.now += cpu_s
            self.turns.end(connection.info)

    def later(self, seconds: float) -> None:
        self.wall += seconds

    def in_line(self, *people: int | None) -> list[int | None]:
        """Have people come one after the other while somebody writes; returns their order."""
        self.order.clear()
        threads = []
        with self.turns.one(30):
            for who in people:
                threads.append(threading.Thread(target=self.write, args=(who,), daemon=True))
                threads[-1].start()
                eventually(lambda: self.turns._lock.waiting == len(threads))
        for thread in threads:
            thread.join()
        return self.order


@pytest.fixture
def turns(app: Flask) -> Turns:
    return Turns(app)


def test_whoever_wrote_for_long_stands_behind_who_comes_after_them(turns: Turns) -> None:
    turns.write(1, MAX_CPU_S)
    assert turns.in_line(1, 1, 2, 3) == [2, 3, 1, 1]


def test_whoever_wrote_little_stands_where_they_came(turns: Turns) -> None:
    turns.write(1, FREE_CPU_S)
    assert turns.in_line(1, 2) == [1, 2]


def test_nobody_pays_for_the_servers_own_turns(turns: Turns) -> None:
    turns.write(None, MAX_CPU_S)
    assert turns.in_line(None, 2) == [None, 2]


def test_what_somebody_wrote_is_forgotten_after_a_time(turns: Turns) -> None:
    turns.write(1, 1_000)
    turns.later(6)
    assert turns.in_line(1, 2) == [1, 2]
