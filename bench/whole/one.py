"""One part of the whole run, in a process of its own, so that it can be ended: `python -m bench`.

    python -m bench.whole.one PART FILE [--quick] [--python ...] [--peer-python ...]

What was found until something failed is written all the same.
"""

from __future__ import annotations

import argparse
import traceback
from pathlib import Path

from bench import _server
from bench.whole.book import Book
from bench.whole.parts import PARTS
from bench.whole.plan import Plan

QUICK_SECONDS = 0.25


def main() -> None:
    """Measure the part and write what it found."""
    parser = argparse.ArgumentParser(prog="bench.whole.one")
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("file", type=Path)
    parser.add_argument("--python", required=True)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    part, book = PARTS[options.part], Book()
    plan = Plan(
        options.python,
        options.peer_python,
        QUICK_SECONDS if options.quick else part.seconds,
        1 if options.quick else options.rounds or part.rounds,
        part.budget,
        options.quick,
    )
    _server.begin()
    try:
        part.run(book, plan)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        book.failures[options.part] = str(error) or repr(error)
    finally:
        book.save(options.file)


if __name__ == "__main__":
    main()
