"""What a merge costs, and doing it in pieces: the library holds the GIL while it works.

To put a struct in its place, the library walks over what others put there at the same time. Where
people edit, that is next to nothing; in a crafted update it is every struct of the document, each
time. Nothing in an update distinguishes the two, so the cost is measured, in CPU time of this
thread, on pieces that are small enough even in the worst case.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .bounds import Unusable
from .plan import Plan

if TYPE_CHECKING:
    from pycrdt import Doc

#: Structs of one piece times structs that each may have to walk over: 30 ms at worst.
MAX_PIECE_STEPS = 300_000
#: Ranges that are deleted in one piece.
MAX_PIECE_RANGES = 5_000
#: CPU seconds that a merge may use for its conflicts, besides what its length explains.
PATIENCE_S = 0.03
#: CPU seconds for a struct: several times what one takes without conflicts.
STRUCT_S = 2e-6
#: CPU seconds that a document's conflicts may take when it is loaded.
LOADING_S = 0.05
#: New structs times structs of the document, after which that is tried.
UNPROVEN_STEPS = 500_000


class Spoilt(Unusable):
    """The update has touched the document, which has to be rebuilt."""


@contextmanager
def panics() -> Iterator[None]:
    """Raise Spoilt for a panic of the library, which is not an Exception."""
    try:
        yield
    # A Rust panic arrives as a special BaseException, which PyO3 exports under no name.
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise Spoilt(f"the library can't: {type(error).__name__}") from None


class Stopwatch:
    """Adds up the library's CPU time; raises Spoilt once that is too much."""

    def __init__(self, allowed_s: float) -> None:
        self._left = allowed_s

    def apply(self, doc: Doc[Any], update: bytes) -> None:
        """Have the library apply a piece."""
        if self._left < 0:
            raise Spoilt("merging it would take too long: too many edits are in one place")
        began = time.thread_time()
        try:
            with panics():
                doc.apply_update(update)
        except (ValueError, RuntimeError) as error:
            raise Spoilt(f"the library refuses it: {error}") from None
        self._left -= time.thread_time() - began


def apply(doc: Doc[Any], plan: Plan, size: int) -> None:
    """Apply a plan to a document of a size, in structs; raises Spoilt."""
    structs, ranges = plan.structs, sum(map(len, plan.deletes.values()))
    watch = Stopwatch(PATIENCE_S + STRUCT_S * (len(structs) + ranges))
    # The larger the document, the more a struct may have to walk over: so pieces are smaller.
    at_once = max(1, MAX_PIECE_STEPS // (size + len(structs) + 1))
    if len(structs) <= at_once and ranges <= MAX_PIECE_RANGES:
        watch.apply(doc, plan.encoded())
        return
    with panics(), doc.transaction():
        for at in range(0, len(structs), at_once):
            watch.apply(doc, plan.write(structs[at : at + at_once], {}))
        for client, found in plan.deletes.items():
            for at in range(0, len(found), MAX_PIECE_RANGES):
                watch.apply(doc, plan.write([], {client: found[at : at + MAX_PIECE_RANGES]}))


def is_contended(doc: Doc[Any], size: int) -> bool:
    """Return whether loading a document would take longer than its length explains."""
    # In a fresh one, as a restart would load it: the document's own past costs say nothing.
    state, fresh = doc.get_update(), type(doc)()
    began = time.thread_time()
    fresh.apply_update(state)
    return time.thread_time() - began > LOADING_S + STRUCT_S * size


def look(doc: Doc[Any], size: int, new: int, unproven: int) -> bool:
    """Raise Unusable for further edits of a document with too many edits in one place.

    Returns whether it was checked: that is skipped while few edits came after the last check.
    """
    if not new or (unproven + new) * size <= UNPROVEN_STEPS:
        return False
    if is_contended(doc, size):
        raise Unusable("too many edits of this text are in one place")
    return True
