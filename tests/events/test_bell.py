"""The bell: whom a ring wakes, what it says waits, and who is told of it afar."""

from __future__ import annotations

import pytest

from collab.core.transactions.rights_epoch import RightsEpoch
from collab.events.bell.waking import Bell


class Rung(Bell):
    """A bell that has been heard; it counts how often other processes are rung."""

    def __init__(self, *, attended: bool = False) -> None:
        self.afar = 0
        super().__init__(RightsEpoch(), self._tells)
        self.attended = attended
        self.other = self.wake_too()
        self.heard()

    def _tells(self) -> None:
        self.afar += 1

    def heard(self) -> None:
        self.wait(0)
        self.take_rows()
        self.other.clear()

    @property
    def awake(self) -> bool:
        """Return whether it has rung since it was heard; nobody waits for it."""
        return self._rung.is_set()


def test_a_new_bell_says_that_rows_may_wait_once() -> None:
    bell = Bell()
    assert bell.rows_wait
    assert [bell.take_rows(), bell.take_rows()] == [True, False]
    assert not bell.rows_wait
    assert not bell.attended


def test_a_ring_for_rows_wakes_all_and_tells_it_afar() -> None:
    bell = Rung()
    bell.ring()
    assert (bell.awake, bell.rows_wait, bell.other.is_set(), bell.afar) == (True, True, True, 1)


def test_where_a_thread_attends_to_it_a_ring_leaves_the_rest_to_it() -> None:
    bell = Rung(attended=True)
    bell.ring(), bell.ring()
    assert (bell.awake, bell.rows_wait, bell.other.is_set(), bell.afar) == (True, True, False, 0)
    bell.wake_others()
    bell.tell_afar(), bell.tell_afar()
    assert (bell.other.is_set(), bell.afar) == (True, 1)


def test_of_what_another_process_wrote_nobody_is_told_afar() -> None:
    bell = Rung()
    bell.ring_here()
    bell.tell_afar()
    assert (bell.awake, bell.rows_wait, bell.other.is_set(), bell.afar) == (True, True, True, 0)


def test_a_signal_wakes_whoever_publishes_and_no_row_waits() -> None:
    bell = Rung()
    bell.ring_for_signal()
    assert (bell.awake, bell.rows_wait, bell.other.is_set(), bell.afar) == (True, False, False, 0)


def test_a_ring_is_heard_once_and_after_a_silence_rows_may_wait() -> None:
    bell = Rung()
    bell.ring_for_signal()
    bell.wait(0)
    assert (bell.awake, bell.rows_wait) == (False, False)
    bell.wait(0)
    assert bell.rows_wait


@pytest.mark.parametrize("changed", [True, False])
def test_rights_that_a_commit_changed_are_outdated_before_anybody_wakes(changed: bool) -> None:
    bell = Rung()
    before, seen = bell.rights_epoch, []
    bell._afar = lambda: seen.append(bell.rights_epoch)
    bell.ring(rights_changed=changed)
    assert seen == [before + changed]
    bell.outdate_rights()
    assert bell.rights_epoch == before + changed + 1


def test_all_who_ask_to_be_woken_are() -> None:
    bell = Rung()
    others = [bell.wake_too(), bell.wake_too()]
    bell.ring()
    assert all(one.is_set() for one in [bell.other, *others])
