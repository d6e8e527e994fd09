"""The simulation of `bench.simulate` is near what was measured, and near what theory says."""

from __future__ import annotations

import random

import pytest

from bench import _costs as costs
from bench._cell import PEOPLE, Cell
from bench._queues import Clock, Gathered, Station


@pytest.mark.parametrize("name", ["SIGNALS", "KEPT"])
def test_costs_are_near_the_points_that_they_were_not_fitted_to(name: str) -> None:
    points = getattr(costs, name)
    found = costs.checked(points, costs.fitted(points))
    assert len(found) == 6
    for readers, flight, measured, said in found:
        assert said == pytest.approx(measured, rel=costs.STATED_ERROR), (readers, flight)


@pytest.mark.parametrize("name", costs.SEEN)
def test_the_queue_is_near_the_rates_that_were_measured(name: str) -> None:
    fit, seen = costs.SEEN[name]
    for flight, measured in seen.items():
        said = costs.in_flight(fit, flight, costs.waits_of(fit, seen))
        assert said == pytest.approx(measured, rel=costs.STATED_QUEUE_ERROR), flight


def test_who_waits_at_a_station_waits_as_theory_says() -> None:
    """The mean wait of M/D/1: by Pollaczek and Khinchine, load · time / 2 (1 - load)."""
    clock, chance, waits = Clock(), random.Random(1), []
    station, load, takes = Station(clock), 0.7, 1.0

    def come() -> None:
        since = clock.now
        station.do(lambda: takes, lambda: waits.append(clock.now - since - takes))
        clock.after(chance.expovariate(load), come)

    come()
    clock.run(100_000)
    assert sum(waits) / len(waits) == pytest.approx(load * takes / (2 * (1 - load)), rel=0.05)
    assert station.busy / clock.now == pytest.approx(load, rel=0.02)


def test_who_comes_meanwhile_is_done_together_and_nobody_twice() -> None:
    clock, batches = Clock(), []
    gathered = Gathered(Station(clock), lambda count: 1.0, batches.append)
    for time in (0.0, 0.1, 0.2, 1.5):
        clock.after(time, lambda time=time: gathered.add(time))
    clock.run(10)
    assert batches == [[0.0], [0.1, 0.2], [1.5]]


@pytest.mark.parametrize("shared", [False, True])
def test_every_change_is_committed_and_told_to_each_process_once(shared: bool) -> None:
    cell = Cell(600, 3, 2, costs.POSTGRES_TURN_MS, shared=shared)
    cell.run(20)
    wanted = 20 * 600 * PEOPLE.changes
    assert len(cell.changes) == pytest.approx(wanted, rel=0.2)
    signals = len(cell.told) - 3 * len(cell.changes)
    followed = 1 - (2 / 3) ** PEOPLE.together
    assert signals == pytest.approx(20 * 600 * PEOPLE.signals * 3 * followed, rel=0.1)
