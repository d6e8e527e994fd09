"""What a piece of work takes of memory, and rows that take much."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from .people import Person, ok

MIB = 2**20

#: JSON of many small objects, 240 KB long: made of objects it takes 6 MB.
CROWD = {"crowd": [{}] * 80_000}


def peak_of(work: Callable[[], object]) -> int:
    """Return the bytes that were in use at most while something was done, above those before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def pages(person: Person, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list, from one `next_cursor` to the next."""
    while True:
        page = ok(person.get(path, params=query))
        yield page
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]
