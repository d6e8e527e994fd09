"""What decorators say about a view, for the document: each puts its trait on what it wraps."""

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
    LOCATED = "its answer has the Location of what was made"
    LINKED = "its answer has a Link to the next page"
    REMEMBERED = "while nothing changed, it is answered without being read"
    TABULAR = "its answer is CSV for callers who prefer it"
    RESUMED = "it takes a Last-Event-ID"


def mark(view: V, *traits: Trait) -> V:
    """Add a trait to those of a view; `functools.wraps` passes them on."""
    view.traits = traits_of(view) | set(traits)  # type: ignore[attr-defined]
    return view


def traits_of(view: Callable[..., Any]) -> frozenset[Trait]:
    """Return what is known of a view."""
    return frozenset(getattr(view, "traits", ()))


def has(trait: Trait) -> Callable[[V], V]:
    """Note a trait of a view that implements it itself."""
    return lambda view: mark(view, trait)
