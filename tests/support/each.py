"""Rules that many things have to keep, each of them looked at in no time.

pytest takes a millisecond to begin and end a test, and every process of it collects all tests: with
`parametrize`, two thousand looks took seconds. A database and a server of its own for each take
ten more, so they share those: what stands behind `*` is a fixture.

    @each(["", "short"])
    def test_a_bad_key_is_refused(key: str, *, server: ThreadServer) -> None:
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any


def each(values: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make one test of a function and the values that it is called with; tuples are arguments.

    All values are looked at, and the failure names each one that breaks the rule.
    """
    every = list(values)

    def decorate(rule: Callable[..., None]) -> Callable[..., None]:
        def all_keep_it(**fixtures: Any) -> None:
            assert every, "there is nothing to look at"
            kept = partial(rule, **fixtures)
            broken = [error for one in every if (error := _broken(kept, one))]
            if broken:
                raise ExceptionGroup(f"{len(broken)} of {len(every)} break the rule", broken)

        all_keep_it.__name__, all_keep_it.__doc__ = rule.__name__, rule.__doc__
        all_keep_it.__module__ = rule.__module__
        vars(all_keep_it)["__signature__"] = inspect.Signature(_fixtures_of(rule))
        return all_keep_it

    return decorate


def _fixtures_of(rule: Callable[..., None]) -> list[inspect.Parameter]:
    every = inspect.signature(rule).parameters.values()
    return [one for one in every if one.kind is inspect.Parameter.KEYWORD_ONLY]


def _broken(rule: Callable[..., None], value: Any) -> Exception | None:
    try:
        rule(*value) if isinstance(value, tuple) else rule(value)
    except Exception as error:
        error.add_note(f"of {value}")
        return error
    return None
