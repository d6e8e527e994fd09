"""A part of the whole run as a program of its own: measures it, and prints its table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bench import _server
from bench._machine import describe
from bench._stats import markdown
from bench.whole.book import Book, spread
from bench.whole.plan import Plan


def main(name: str, about: str | None, record: Callable[[Book, Plan], None], rounds: int) -> None:
    """Read the command line, run the rounds and print the medians."""
    parser = argparse.ArgumentParser(prog=f"bench.{name}", description=about)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the server")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=2.0, help="of half a measurement")
    options = parser.parse_args()
    _server.begin()
    book = Book()
    record(book, Plan(options.python, seconds=options.seconds, most_rounds=options.rounds))
    rows = [
        [one.work, one.metric, str(spread(one.values)), one.unit] for one in book.samples.values()
    ]
    print(describe(), markdown(("work", "of", "median", "unit"), rows), sep="\n\n")
