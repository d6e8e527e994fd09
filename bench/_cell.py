"""An installation in simulated time: people, processes, and the logs that order changes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from statistics import mean

from bench._costs import (
    CHANGE_MS,
    CROSSING_MS,
    EVENT_MS,
    MS,
    PASSED_OVER_MS,
    READ_MS,
    SIGNAL_COSTS,
)
from bench._queues import Clock, Gathered, Station, Then
from bench._stats import percentile


@dataclass(frozen=True)
class People:
    """What somebody who is online does, on average (assumed)."""

    reads: float = 1 / 20
    changes: float = 1 / 60
    signals: float = 1 / 10
    together: int = 10


PEOPLE = People()


@dataclass(frozen=True)
class Outcome:
    """What a cell shows: shares of cores, latencies in milliseconds."""

    people: int
    processes: int
    logs: int
    web: float
    log: float
    read_p99: float
    change_p99: float
    told_p99: float


class Cell:
    """An installation: processes with people's sockets, and the logs that order their changes.

    `shared`: changes of a process that wait for the log's turn take it together.
    """

    def __init__(
        self, people: int, processes: int, logs: int, turn_ms: float, *, shared: bool = True
    ) -> None:
        self._random, self._clock = random.Random(1), Clock()
        self._people, self._turn_ms, self._shared = people, turn_ms, shared
        self._crossing = CROSSING_MS * MS if processes > 1 else 0.0
        self.reads: list[float] = []
        self.changes: list[float] = []
        self.told: list[float] = []
        self._webs = [Station(self._clock) for _ in range(processes)]
        self._turns = [Station(self._clock) for _ in range(logs)]
        #: The share of processes in which somebody follows a message, and how many do in each.
        self._here = 1 - (1 - 1 / processes) ** PEOPLE.together
        self._readers = PEOPLE.together / processes
        self._hears = [Gathered(web, self._fan_out, self._heard) for web in self._webs]
        self._commits = [
            [Gathered(turn, self._commit, self._committed) for turn in self._turns]
            for _ in self._webs
        ]

    # -- what things take ---------------------------------------------------------------------

    def _fan_out(self, messages: int) -> float:
        reached = min(self._readers * messages, self._people / len(self._webs))
        each = self._here * SIGNAL_COSTS.message + (1 - self._here) * PASSED_OVER_MS
        anybody = 1 - (1 - self._here) ** messages
        return (SIGNAL_COSTS.base * anybody + SIGNAL_COSTS.reader * reached + each * messages) * MS

    def _commit(self, events: int) -> float:
        return (self._turn_ms + EVENT_MS * (events - 1)) * MS

    # -- what happens -------------------------------------------------------------------------

    def _read(self) -> None:
        since, takes = self._clock.now, self._random.expovariate(1 / READ_MS) * MS

        def ended() -> None:
            self.reads.append(self._clock.now - since)

        self._random.choice(self._webs).do(lambda: takes, ended)

    def _change(self) -> None:
        since, number = self._clock.now, self._random.randrange(len(self._webs))

        def wait_for_turn() -> None:
            log = self._random.randrange(len(self._turns))
            if self._shared:
                self._commits[number][log].add(since)
            else:
                self._turns[log].do(lambda: self._commit(1), lambda: self._committed([since]))

        self._webs[number].do(lambda: CHANGE_MS * MS, wait_for_turn)

    def _signal(self) -> None:
        since = self._clock.now
        web = self._random.choice(self._webs)
        web.do(lambda: SIGNAL_COSTS.message * MS, lambda: self._tell(since, self._here))

    def _committed(self, since: list[float]) -> None:
        self.changes += [self._clock.now - one for one in since]
        for one in since:
            self._tell(one, 1.0)

    def _tell(self, since: float, share: float) -> None:
        """Let processes hear of a message: all of an event, of a signal those with followers."""
        for hears in self._hears:
            if share == 1 or self._random.random() < share:
                self._clock.after(self._crossing, partial(hears.add, since))

    def _heard(self, since: list[float]) -> None:
        self.told += [self._clock.now - one for one in since]

    # -- time goes by -------------------------------------------------------------------------

    def run(self, seconds: float) -> Outcome:
        """Let people come for that long, and return what they saw."""
        self._arrive(PEOPLE.reads, self._read)
        self._arrive(PEOPLE.changes, self._change)
        self._arrive(PEOPLE.signals, self._signal)
        self._clock.run(seconds)
        return Outcome(
            *(self._people, len(self._webs), len(self._turns)),
            web=mean(one.busy for one in self._webs) / seconds,
            log=mean(one.busy for one in self._turns) / seconds,
            read_p99=percentile(self.reads, 0.99) / MS,
            change_p99=percentile(self.changes, 0.99) / MS,
            told_p99=percentile(self.told, 0.99) / MS,
        )

    def _arrive(self, rate: float, come: Then) -> None:
        """Let something come at a rate for each of the people, each at a time of its own."""

        def one() -> None:
            come()
            self._clock.after(self._random.expovariate(rate * self._people), one)

        self._clock.after(self._random.expovariate(rate * self._people), one)
