"""What became of code that was run."""

from __future__ import annotations

import signal
from dataclasses import asdict
from typing import Any, Literal

from ..frozen import frozen

Reason = Literal["timeout", "output_limit", "file_limit", "memory_limit"]


@frozen
class Outcome:
    """How the code ended, and what it wrote.

    `exit_code` is a shell's: 128 and the signal's number where a signal ended it. `duration_ms`
    counts from when the code was handed over; `peak_memory_kib` is resident memory.
    """

    language: str
    exit_code: int
    stdout: str
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    duration_ms: int
    peak_memory_kib: int
    stopped: Reason | None

    @property
    def signal(self) -> str | None:
        """Return the name of the signal that ended the code, as far as its exit code shows."""
        numbers = {one.value: one.name for one in signal.Signals}
        return numbers.get(self.exit_code - 128)

    def data(self) -> dict[str, Any]:
        """Return it as the job's result shows it."""
        return asdict(self) | {"signal": self.signal}
