"""How long a part may measure, and how often."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """What a part is told. Rounds end early where its time is over, but one there is always."""

    #: The interpreter of our server, and of the peers in Python.
    python: str = sys.executable
    peer_python: str = sys.executable
    #: Seconds of each measurement, unless a part needs others.
    seconds: float = 1.5
    most_rounds: int = 5
    #: Seconds after which no further round begins.
    budget: float = 300.0
    #: A smoke: everything once, short, and small.
    quick: bool = False
    began: float = field(default_factory=time.monotonic)

    def rounds(self) -> Iterator[int]:
        """Yield the numbers of the rounds."""
        for number in range(self.most_rounds):
            if number and time.monotonic() - self.began > self.budget:
                print(f"no time for round {number + 1}", file=sys.stderr, flush=True)
                return
            print(f"round {number + 1} of {self.most_rounds}", file=sys.stderr, flush=True)
            yield number

    def size(self, full: int, quick: int) -> int:
        """Return how many of something: fewer in a smoke."""
        return quick if self.quick else full
