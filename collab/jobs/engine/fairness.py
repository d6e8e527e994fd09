"""Whose turn it is, and how much of a worker a job takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Protocol

from ..registry import JobType

#: Seconds of quick work that may wait for one thread.
MAX_QUEUED_WORK_S = 0.02
#: Jobs that may wait for one thread.
MAX_QUEUED_JOBS_PER_THREAD = 32


class Pace:
    """How long jobs of each type take here, by experience."""

    def __init__(self) -> None:
        self._mean_s: dict[str, float] = {}

    def note(self, kind: str, seconds: float) -> None:
        """Learn how long a run took; the last few count most."""
        known = self._mean_s.get(kind, seconds)
        # One slow run makes a type slow at once: jobs must not pile up after the next one.
        self._mean_s[kind] = (
            max(seconds, known) if seconds > MAX_QUEUED_WORK_S else (7 * known + seconds) / 8
        )

    def weight(self, kind: str) -> float:
        """Return how much of a thread a job takes: 1, or less if it is quickly done."""
        mean_s = self._mean_s.get(kind)
        return (
            # A type that has never run here counts as slow until it shows.
            1.0
            if mean_s is None
            else min(1.0, max(1 / MAX_QUEUED_JOBS_PER_THREAD, mean_s / MAX_QUEUED_WORK_S))
        )


class Placed(Protocol):
    """A job, as fairness sees it."""

    @property
    def owner_id(self) -> int:
        """The owner's id."""

    @property
    def type(self) -> str:
        """The job's type."""


class FairTurns:
    """How many jobs are running here, how many of each person's, and who was served last."""

    def __init__(self, workers: int, pace: Pace) -> None:
        self._workers, self._pace = float(workers), pace
        #: How much of the pool one person may take: a place is left for others.
        # One at the least, or with a single worker nobody's job would run.
        self._most_each = max(1.0, self._workers - 1)
        self._taken = 0.0
        self._theirs: dict[int, float] = defaultdict(float)
        self._types: Counter[str] = Counter()
        self._served: dict[int, int] = {}
        self._count = 0

    def begin(self, running: Iterable[Placed]) -> None:
        """Start a round of choosing; these jobs are already running."""
        self._taken = 0.0
        self._theirs.clear()
        self._types.clear()
        for job in running:
            self._add(job.owner_id, job.type)

    def order(self, owner_id: int) -> tuple[float, int]:
        """Return a person's place in the order: by fewest running jobs, then longest unserved."""
        return self._theirs.get(owner_id, 0.0), self._served.get(owner_id, 0)

    @property
    def free(self) -> float:
        """Return how many threads' worth of jobs may start."""
        return self._workers - self._taken

    def has_room(self, owner_id: int, kind: str) -> bool:
        """Return whether a job of this person and type may start now."""
        # Weights are sums of fractions: rounding must not keep the last place empty.
        weight = self._pace.weight(kind) - 1e-9
        mine = self._most_each - self._theirs.get(owner_id, 0.0)
        return self.free >= weight and mine >= weight

    @staticmethod
    def _limit(kind: JobType) -> int | None:
        return kind.at_once() if kind.at_once is not None else None

    def is_full(self, kind: JobType) -> bool:
        """Return whether no more jobs of a type may run at once."""
        limit = self._limit(kind)
        return limit is not None and self._types[kind.name] >= limit

    def most(self) -> int:
        """Return how many jobs could start at most, if all were quick."""
        return max(0, int(self.free * MAX_QUEUED_JOBS_PER_THREAD))

    def take(self, owner_id: int, kind: str) -> None:
        """Note that a job goes next."""
        # A counter, not a clock: otherwise two jobs of one tick would count as served at the same
        # time.
        self._count += 1
        self._served[owner_id] = self._count
        self._add(owner_id, kind)

    def _add(self, owner_id: int, kind: str) -> None:
        weight = self._pace.weight(kind)
        self._taken += weight
        self._theirs[owner_id] += weight
        self._types[kind] += 1
