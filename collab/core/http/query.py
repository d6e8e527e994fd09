"""Query parameters: those that a route does not take are refused, like unknown members of bodies.

Otherwise a misspelt filter would have no effect, and its sender would take everything for a
selection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice
from typing import ParamSpec, TypeVar

from flask import request

from ..errors import MAX_POINTERS, Unprocessable, pointers
from ..schemas import unknown
from ..text.nul import NUL_CHARACTER, NUL_DETAIL

P = ParamSpec("P")
T = TypeVar("T")

#: The error for a second value.
GIVEN_TWICE_DETAIL = "Must be given once."


def any_query(view: Callable[P, T]) -> Callable[P, T]:
    """Let a view be called with parameters that it does not know: it is also a page."""
    view.any_query = True  # type: ignore[attr-defined]
    return view


def given_twice(several: Collection[str]) -> dict[str, list[str]]:
    """Return what is wrong with parameters that occur in the address more than once.

    `several` are those that may.
    """
    lists = islice(request.args.lists(), MAX_POINTERS)
    return {
        name: [GIVEN_TWICE_DETAIL]
        for name, values in lists
        if len(values) > 1 and name not in several
    }


def with_nul() -> dict[str, list[str]]:
    """Return what is wrong with parameters that contain NUL in a value or in their name."""
    lists = islice(request.args.lists(), MAX_POINTERS)
    return {
        name: [NUL_DETAIL] for name, values in lists if NUL_CHARACTER in "".join([name, *values])
    }


def refuse_nul() -> None:
    """Refuse parameters with NUL, where nothing else checks them; raises Unprocessable."""
    if wrong := with_nul():
        raise Unprocessable(errors=pointers({"query": wrong}))


def refuse_all_but(known: Collection[str], several: Collection[str] = ()) -> None:
    """Refuse parameters that a route does not take; raises Unprocessable."""
    names = islice(request.args, MAX_POINTERS)
    wrong = {name: [unknown(name, known)] for name in names if name not in known}
    if wrong := wrong or given_twice(several):
        raise Unprocessable(errors=pointers({"query": wrong}))
