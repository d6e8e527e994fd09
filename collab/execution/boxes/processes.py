"""What the kernel says about the processes of a box."""

from __future__ import annotations

import contextlib
import re
import select
from pathlib import Path

_MEMORY = re.compile(rb"\n(VmHWM|RssAnon|VmSwap):\s+(\d+) kB")


def child(process: int) -> int:
    """Return the only child of a process; raises ProcessLookupError if it has none."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    if not children:
        raise ProcessLookupError(process)
    return int(children[0])


def memory(threads: Path) -> dict[str, int]:
    """Return how much memory a process takes, in KiB by name (proc_pid_status(5)).

    Threads share it, so any thread that still runs can tell; the first, whose number is the
    process's, may end before the others, and knows nothing from then on.
    """
    with contextlib.suppress(OSError):
        for thread in threads.iterdir():
            with contextlib.suppress(OSError):
                if found := _MEMORY.findall((thread / "status").read_bytes()):
                    return {name.decode(): int(size) for name, size in found}
    return {}


def readable(descriptor: int, seconds: float) -> bool:
    """Wait until a descriptor is readable, or at its end."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
