"""What another server said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What the other server said."""

    status: int
    #: Names in lower case; if a header came twice, the last one.
    headers: Mapping[str, str]
    body: bytes
    #: Whether the body was longer than wanted: the rest was not read.
    truncated: bool
