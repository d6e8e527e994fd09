"""What is aimed at, and whether a run met it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench._entrants import DRF, EXPRESS, FASTAPI, OURS
from bench.durable import AT_REST, SUSTAINED
from bench.fanout import work_of as fan_out
from bench.files import work_of as edits
from bench.logins import BESIDE, HASH, LOG_IN
from bench.rest import (
    CREATE_ALONE,
    CREATE_BY_MANY,
    CREATE_TASK,
    KNOWN_PROJECT,
    LIST_OF_PROJECTS,
    LIST_OF_TASKS,
    ONE_PROJECT,
)
from bench.start import FIRST_ANSWER
from bench.whole.book import Book, Sample, Spread, ratios, spread

SOCKETS = "10,000 sockets of one process"
CELERY = ("Celery", "Celery, tuned")
DURABLE_CELERY = "Celery, appendfsync always"

#: How many times as long something may take with a thousand times as many rows, to be called flat.
FLAT = 1.5
#: What a delivery may cost with the most clients, in times of that with the fewest.
LINEAR = 1.25
#: A log-in's time, in times of its hash.
LOG_IN_TIMES = 1.5


@dataclass(frozen=True)
class Aim:
    """A figure of ours that must reach a bound: absolute, or in times of another sample."""

    part: str
    work: str
    bound: float
    metric: str = "rate"
    system: str = OURS
    #: The system, and the work if it is another one, whose figure it is divided by.
    base: str = ""
    base_work: str = ""
    #: Whether the bound is the most that it may be.
    most: bool = False
    #: `last`: the most aside, a curve's last point in times of its first.
    curve: str = ""

    @property
    def wanted(self) -> str:
        """The aim in words."""
        sign = "at most" if self.most else "at least"
        return f"{sign} {self.bound:,g}{' x' if self.base or self.curve else ''}"


@dataclass(frozen=True)
class Outcome:
    """An aim with what was found: a ratio, or a figure with its unit; None where nothing was."""

    aim: Aim
    found: Spread | None = None
    mine: Sample | None = None
    base: Sample | None = None
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Say whether it is met, and whether the rounds disagree on that."""
        if self.found is None:
            return "not measured"
        met = self._meets(self.found.middle)
        sure = met is self._meets(self.found.low) is self._meets(self.found.high)
        return ("met" if met else "missed") + ("" if sure else ", within the spread")

    def _meets(self, value: float) -> bool:
        return value <= self.aim.bound if self.aim.most else value >= self.aim.bound


def _requests() -> Iterator[Aim]:
    bounds = {
        LIST_OF_PROJECTS: {EXPRESS: 1.7, FASTAPI: 3.3, DRF: 6},
        LIST_OF_TASKS: {EXPRESS: 1.7, FASTAPI: 3.3, DRF: 6},
        ONE_PROJECT: {EXPRESS: 2, FASTAPI: 4},
        KNOWN_PROJECT: {EXPRESS: 2, FASTAPI: 4},
        CREATE_ALONE: {EXPRESS: 1.1, FASTAPI: 2.3},
        CREATE_BY_MANY: {EXPRESS: 1.1, FASTAPI: 2.3},
        CREATE_TASK: {DRF: 3, EXPRESS: 0.7},
    }
    for work, peers in bounds.items():
        for base, bound in peers.items():
            yield Aim("requests", work, bound, base=base)


def _log_ins() -> Iterator[Aim]:
    ours = {"metric": "p50", "base": OURS, "most": True}
    yield Aim("log-ins", LOG_IN, LOG_IN_TIMES, base_work=HASH, **ours)  # type: ignore[arg-type]
    #: No request waits for a log-in: even the slowest is done sooner than one takes.
    yield Aim("log-ins", BESIDE, 1, "p99", base=OURS, base_work=f"{LOG_IN}/p50", most=True)


def _fan_out() -> Iterator[Aim]:
    for in_flight, faster in ((1, 1.15), (4, 4), (16, 8)):
        work, ours = fan_out(in_flight), "ours, signal"
        yield Aim("fan-out", work, faster, system=ours, base="ws")
        yield Aim("fan-out", work, 0.5, "p99", ours, "ws", most=True)
        yield Aim("fan-out", work, 1, system="ours, Socket.IO, signal", base="socket.io")
    yield Aim("fan-out", "fan-out by clients, each delivery", LINEAR, most=True, curve="fan-out")


def _live() -> Iterator[Aim]:
    yield Aim("events", AT_REST, 2, "p50", most=True)
    yield Aim("events", SUSTAINED, 4950)  # 5,000 but for the last one's way
    yield Aim("sockets", SOCKETS, 10_000, "open")
    yield Aim("sockets", SOCKETS, 1000, "opened")
    yield Aim("sockets", SOCKETS, 350, "PSS", most=True)
    yield Aim("sockets", SOCKETS, 250, "delivery p99", most=True)
    yield Aim("sockets", SOCKETS, 16, "threads more", most=True)
    for in_flight, json_bound, yjs_bound in ((1, 1, 1.05), (4, 1.2, 2)):
        yield Aim("edits", edits(in_flight), json_bound, system="ours, JSON", base="y-websocket")
        yield Aim("edits", edits(in_flight), yjs_bound, system="ours, Yjs", base="y-websocket")


def _jobs() -> Iterator[Aim]:
    for work in ("no-op jobs, 1 submitter", "no-op jobs, 8 submitters"):
        yield Aim("jobs", work, 3, base=DURABLE_CELERY)
        for name in CELERY:
            yield Aim("jobs", work, 1, base=name)
    yield Aim("jobs", "a job, from its submit to its start", 5, "p50", most=True)
    yield Aim("print(1)", "print(1) in Python through the API", 40, "p50", most=True)
    yield Aim("print(1)", "print(1) in JavaScript through the API", 60, "p50", most=True)
    yield Aim("ingest", "ingest, batches of 500", 25_000)


def _start() -> Iterator[Aim]:
    yield Aim("start", FIRST_ANSWER, 1, "time", most=True)
    yield Aim("start", "memory at rest", 85, "PSS", most=True)
    yield Aim("start", "memory after log-ins", 90, "PSS", most=True)
    for name in ("list", "search", "matches", "claim", "replay", "feeds", "ingest"):
        work = f"{name}, with the most rows to with the fewest"
        yield Aim("growth", work, FLAT, most=True, curve=name)


AIMS = (*_requests(), *_log_ins(), *_fan_out(), *_live(), *_jobs(), *_start())


def judge(aim: Aim, book: Book) -> Outcome:
    """Hold an aim against a run."""
    if aim.curve:
        return _judge_curve(aim, book)
    mine = book.samples.get((aim.work, aim.system, aim.metric))
    if mine is None:
        return Outcome(aim)
    if not aim.base:
        return Outcome(aim, spread(mine.values), mine, unit=mine.unit)
    work, _, metric = (aim.base_work or aim.work).partition("/")
    base = book.samples.get((work, aim.base, metric or aim.metric))
    found = ratios(mine.values, base.values) if base else []
    return Outcome(aim, spread(found), mine, base) if found else Outcome(aim, None, mine)


def _judge_curve(aim: Aim, book: Book) -> Outcome:
    """Compare what it costs at the end with what it cost at the beginning."""
    curve = book.curves.get(aim.curve)
    points = next(iter(curve.series.values()), []) if curve else []
    if curve is None or len(points) < 2 or not points[0][1] or not points[-1][1]:
        return Outcome(aim)
    times = points[-1][1] / points[0][1]
    grown = 1 / times if curve.unit.endswith("/s") else times
    return Outcome(aim, Spread(grown, grown, grown))
