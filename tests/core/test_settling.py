"""Garbage collection goes along what came after the start, and not along the application."""

from __future__ import annotations

import gc

import pytest

from collab.core.allocator import settle


@pytest.fixture
def settled() -> None:
    settle()


def test_what_was_there_at_the_start_is_not_looked_at_again(settled: None) -> None:
    assert len(gc.get_objects()) < gc.get_freeze_count() / 10


def test_what_comes_later_is_let_go_of(settled: None) -> None:
    circle: list[object] = []
    circle.append(circle)
    del circle
    assert gc.collect() >= 1
