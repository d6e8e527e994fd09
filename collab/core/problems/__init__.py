"""Problem types: each has an address, whose page says what to do (RFC 9457 §3.1.1)."""

from __future__ import annotations

from .kinds import PROBLEMS_PATH, ProblemType
from .plain import PLAIN_TYPES
from .signing_in import SIGNING_IN_TYPES
from .special import SPECIAL_TYPES

PROBLEM_TYPES = {one.slug: one for one in (*PLAIN_TYPES, *SPECIAL_TYPES, *SIGNING_IN_TYPES)}
_BY_STATUS = {one.status: one for one in PLAIN_TYPES}


def type_of(status: int, slug: str | None = None) -> ProblemType:
    """Return a problem's type: the exact one, or that of its status."""
    if slug is not None:
        return PROBLEM_TYPES[slug]
    return _BY_STATUS.get(status) or _BY_STATUS[400 if status < 500 else 500]


__all__ = [
    "PLAIN_TYPES",
    "PROBLEMS_PATH",
    "PROBLEM_TYPES",
    "SIGNING_IN_TYPES",
    "SPECIAL_TYPES",
    "ProblemType",
    "type_of",
]
