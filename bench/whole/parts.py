"""The parts of the whole run: which program measures what, how often, and how long at the most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from bench.whole.book import Book
from bench.whole.plan import Plan


@dataclass(frozen=True)
class Part:
    """A part: a function of a program, so many rounds, and the seconds that they should take."""

    function: str
    rounds: int
    budget: float
    #: Seconds of each measurement.
    seconds: float = 1.5

    def run(self, book: Book, plan: Plan) -> None:
        """Measure, and write it into the book."""
        module, _, name = self.function.partition(":")
        record: Callable[[Book, Plan], None] = getattr(import_module(f"bench.{module}"), name)
        record(book, plan)


#: The budgets make 23 minutes together, the rest is for starting and filling. A part that has no
#: time for another round ends with those that it has.
PARTS = {
    "requests": Part("rest:record", 5, 300, 1.2),
    "log-ins": Part("logins:record", 3, 40),
    "fan-out": Part("fanout:record", 4, 210),
    "events": Part("durable:record", 5, 45),
    "sockets": Part("sockets:record", 2, 60),
    "jobs": Part("jobs:record", 3, 130),
    "print(1)": Part("jobs:record_printing", 3, 30),
    "ingest": Part("ingest:record", 3, 60),
    "edits": Part("files:record", 4, 75),
    "start": Part("start:record", 3, 40),
    "growth": Part("growth:record", 1, 390, 1.0),
}
