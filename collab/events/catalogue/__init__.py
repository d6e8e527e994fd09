"""The catalogue of what can happen: one frozen dataclass a type, in the past tense.

The docstrings become the AsyncAPI document. Members may publish types that are not here under their
own names, as long as the first word is not one of the server's.
"""

from __future__ import annotations

from functools import cache

from ..corrections import Correction
from ..types import OPEN_TYPES, PRESENCE_TYPES, Event, same_type
from . import (  # noqa: F401 (their classes are the catalogue)
    accounts,
    files,
    ingest,
    jobs,
    posts,
    projects,
    schedules,
    security,
    system,
    tasks,
    webhooks,
)


@cache
def catalogue() -> dict[str, type[Event]]:
    """Return every type that the server itself records."""
    found: dict[str, type[Event]] = {}
    pending = [Event]
    while pending:
        for kind in pending.pop().__subclasses__():
            pending.append(kind)
            if "type" in vars(kind):
                found[kind.type] = kind
    return found


@cache
def _spellings() -> dict[str, str]:
    return {same_type(kind): kind for kind in catalogue()}


@cache
def corrections() -> dict[str, Correction]:
    """Return what each type takes away, for those that take something away."""
    kinds = catalogue().items()
    return {name: kind.corrects for name, kind in kinds if kind.corrects is not None}


def canonical_type(name: str) -> str:
    """Return a type's one spelling: the catalogue's, or dots throughout."""
    wanted = same_type(name)
    return _spellings().get(wanted, wanted)


@cache
def _namespaces() -> frozenset[str]:
    return frozenset(kind.split(".")[0] for kind in catalogue())


def reserved(name: str) -> bool:
    """Return whether only the server may record this type: its first word is the server's."""
    first = name.split(".")[0]
    return name not in OPEN_TYPES and (first in _namespaces() or name in PRESENCE_TYPES)
