"""What was looked up is remembered while the number of rights stands, and no longer."""

import pytest
from flask import Flask

from collab.core.transactions.remembered import Remembered
from collab.core.transactions.rights_epoch import RIGHTS_EPOCH, RightsEpoch

MOST = 3


@pytest.fixture
def epoch() -> RightsEpoch:
    return RightsEpoch()


@pytest.fixture
def remembered(epoch: RightsEpoch) -> Remembered[str, int]:
    app = Flask("one")
    RIGHTS_EPOCH.put(app, epoch)
    return Remembered(app, MOST)


def test_it_is_looked_up_once_and_again_after_a_change_of_rights(
    epoch: RightsEpoch, remembered: Remembered[str, int]
) -> None:
    answers = iter((1, 2))
    assert [remembered.read("a", lambda: next(answers)) for _ in range(3)] == [1, 1, 1]
    epoch.move()
    assert remembered.find("a") is None
    assert remembered.read("a", lambda: next(answers)) == 2


def test_a_change_during_the_look_up_outdates_what_it_finds(
    epoch: RightsEpoch, remembered: Remembered[str, int]
) -> None:
    def look_up() -> int:
        epoch.move()
        return 1

    assert remembered.read("a", look_up) == 1
    assert remembered.find("a") is None
    assert remembered.read("a", lambda: 2) == 2


def test_who_looked_earlier_and_is_slow_spoils_nothing_of_later_ones(
    epoch: RightsEpoch, remembered: Remembered[str, int]
) -> None:
    looked_at = epoch.now()
    epoch.move()
    assert remembered.read("a", lambda: 2) == 2
    remembered.keep(looked_at, "a", 1)
    remembered.keep(looked_at, "b", 1)
    assert (remembered.find("a"), remembered.find("b")) == (2, None)


def test_a_look_up_that_fails_leaves_nothing(remembered: Remembered[str, int]) -> None:
    with pytest.raises(ZeroDivisionError):
        remembered.read("a", lambda: 1 // 0)
    assert remembered.read("a", lambda: 1) == 1


def test_past_the_bound_all_are_forgotten(remembered: Remembered[str, int]) -> None:
    for number, key in enumerate("abcd"):
        remembered.read(key, lambda number=number: number)  # type: ignore[misc]
    assert [remembered.find(key) for key in "abcd"] == [None, None, None, 3]
