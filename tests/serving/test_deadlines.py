"""Deadlines that are set, moved and taken away come when they are due, once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab.serving.deadlines import NO_DEADLINE, SPARE_ENTRIES, Deadlines


class One:
    def __init__(self) -> None:
        self.deadline = self.looked_at = NO_DEADLINE


moves = st.lists(
    st.tuples(st.integers(0, 5), st.one_of(st.just(NO_DEADLINE), st.floats(0, 100))), max_size=40
)


@given(moves, st.floats(0, 100))
def test_those_are_due_whose_last_deadline_has_come(
    moved: list[tuple[int, float]], now: float
) -> None:
    deadlines, those = Deadlines[One](), [One() for _ in range(6)]
    last = dict.fromkeys(range(6), NO_DEADLINE)
    for which, at in moved:
        deadlines.set(those[which], at)
        last[which] = at
    assert {those.index(one) for one in deadlines.due(now)} == {
        which for which, at in last.items() if at <= now
    }
    assert list(deadlines.due(now)) == []
    rest = {which for which, at in last.items() if now < at < NO_DEADLINE}
    assert {those.index(one) for one in deadlines.due(1000)} == rest


def test_a_deadline_that_is_put_off_again_and_again_has_one_entry() -> None:
    deadlines, one = Deadlines[One](), One()
    for at in range(10_000):
        deadlines.set(one, float(at))
    assert len(deadlines._heap) == 1


def test_the_next_one_can_be_taken_out() -> None:
    deadlines, first, second = Deadlines[One](), One(), One()
    deadlines.set(second, 2.0)
    deadlines.set(first, 1.0)
    assert [deadlines.pop(), deadlines.pop(), deadlines.pop()] == [first, second, None]
    assert deadlines.next() == NO_DEADLINE


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([NO_DEADLINE, NO_DEADLINE, 1.0, 5.0, 10.0])),
        min_size=50,
        max_size=400,
    )
)
def test_what_has_ended_is_let_go_of_before_it_is_more_than_half(
    moved: list[tuple[int, float]],
) -> None:
    """Few times, so that entries of the same time come together."""
    deadlines, those = Deadlines[One](), [One() for _ in range(100)]
    for which, at in moved:
        deadlines.set(those[which], at)
        live = sum(one.deadline < NO_DEADLINE for one in those)
        assert len(deadlines) <= 2 * live + SPARE_ENTRIES
    assert set(deadlines.due(100)) == {
        those[which] for which, at in dict(moved).items() if at <= 100
    }


def test_ten_thousand_connections_that_closed_early_leave_no_entries() -> None:
    deadlines = Deadlines[One]()
    stays = One()
    deadlines.set(stays, 5.0)
    for _ in range(10_000):
        one = One()
        deadlines.set(one, 10.0)
        deadlines.set(one, NO_DEADLINE)
        assert len(deadlines) <= 2 + SPARE_ENTRIES
    assert list(deadlines.due(10.0)) == [stays]


def test_entries_of_what_was_moved_or_has_ended_are_passed_over() -> None:
    deadlines, moved, ended = Deadlines[One](), One(), One()
    for one, at in ((moved, 5.0), (moved, 1.0), (ended, 2.0), (ended, NO_DEADLINE)):
        deadlines.set(one, at)
    assert [deadlines.pop(), deadlines.pop()] == [moved, None]
    assert len(deadlines) == 0
