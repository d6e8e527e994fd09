"""Rules that many things have to keep, each of them looked at in no time.

pytest takes a millisecond to begin and end a test, and every process of it collects all tests: with
`parametrize`, two thousand looks took seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def each(values: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make one test of a function and the values that it is called with; tuples are arguments.

    All values are looked at, and the failure names each one that breaks the rule.
    """
    every = list(values)

    def decorate(rule: Callable[..., None]) -> Callable[[], None]:
        def all_keep_it() -> None:
            assert every, "there is nothing to look at"
            broken = [error for one in every if (error := _broken(rule, one))]
            if broken:
                raise ExceptionGroup(f"{len(broken)} of {len(every)} break the rule", broken)

        all_keep_it.__name__, all_keep_it.__doc__ = rule.__name__, rule.__doc__
        all_keep_it.__module__ = rule.__module__
        return all_keep_it

    return decorate


def _broken(rule: Callable[..., None], value: Any) -> Exception | None:
    try:
        rule(*value) if isinstance(value, tuple) else rule(value)
    except Exception as error:
        error.add_note(f"of {value}")
        return error
    return None
