"""What another server said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What the other server said."""

    status: int
    #: Names in lower case; of a header that came twice the last one.
    headers: Mapping[str, str]
    body: bytes
    #: Whether there was more of the body than was wanted: that was not read.
    truncated: bool
