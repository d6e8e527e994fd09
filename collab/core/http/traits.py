"""What decorators say about a view, for the document: each leaves its trait on what it wraps."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])


class Trait(Enum):
    """One thing that is true of a route."""

    SIGNED_IN = "its caller must be signed in"
    ADMINS = "its caller must be an admin"
    IDEMPOTENT = "it takes an Idempotency-Key"
    VERSIONED = "its answer has an ETag"
    LOCATED = "its answer says where what was made is"
    LINKED = "its answer has a Link to the next page"
    REMEMBERED = "it is answered before it is read while nothing changed"
    TABULAR = "its answer is CSV for callers who prefer it"
    RESUMED = "it takes a Last-Event-ID"


def mark(view: V, *traits: Trait) -> V:
    """Note what is true of a view, besides what is known of it; `functools.wraps` hands it on."""
    view.traits = traits_of(view) | set(traits)  # type: ignore[attr-defined]
    return view


def traits_of(view: Callable[..., Any]) -> frozenset[Trait]:
    """Return what is known of a view."""
    return frozenset(getattr(view, "traits", ()))


def has(trait: Trait) -> Callable[[V], V]:
    """Note what is true of a view that sees to it itself."""
    return lambda view: mark(view, trait)
