"""Clients that come back: once, in their session, and only so many are remembered."""

from __future__ import annotations

import time

import pytest

from collab.realtime.socketio_door import recovery
from collab.realtime.socketio_door.recovery import Left, Recovery


def left(session_id: int = 1, ago: float = 0.0) -> Left:
    return Left(session_id, "sid", ["project:1"], time.monotonic() - ago)


def test_of_very_many_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "MAX_REMEMBERED", 2)
    known = Recovery()
    for name in "abc":
        known.keep(name, left())
    assert list(known._left) == ["b", "c"]


def test_who_has_anothers_name_takes_nothing_away() -> None:
    known = Recovery()
    known.keep("a", left(session_id=1))
    assert known.take("a", 2, 0) is None
    assert list(known._left) == ["a"]


def test_who_comes_too_late_does_not_come_back() -> None:
    known = Recovery()
    known.keep("a", left(ago=recovery.REMEMBERED_S + 1))
    assert known.take("a", 1, 0) is None
    assert known.take("a", 1, 0) is None
