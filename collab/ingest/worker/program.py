"""The program of the worker process: `python program.py`, with its options as JSON on stdin.

Each later byte on stdin is a knock: something is waiting. The end of stdin is the end of the
server: then the worker ends, too. The package `collab` is not imported, only the parts of it used
here: so the process takes a fifth of the server's memory.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import select
import signal
import sys
import types
from pathlib import Path

INGEST_FOLDER = Path(__file__).resolve().parent.parent
#: Seconds that one turn may take: then the system ends the process, whatever library it is in.
MAX_TURN_S = 60
#: Bytes of memory that it may take: a request that needs more fails, and the machine survives.
MAX_MEMORY_BYTES = 2**30
#: By how much it is nicer than the server: if both want the same core, requests go first.
NICER_BY = 5
#: Bytes of options.
MAX_OPTIONS_BYTES = 2**16


def borrow_packages() -> None:
    """Register the parent packages by name, without running what is in them."""
    house = INGEST_FOLDER.parent
    packages = {"collab": house, "collab.core": house / "core", "collab.ingest": INGEST_FOLDER}
    for name, path in packages.items():
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package


class Door:
    """Waits for knocks on stdin."""

    def __init__(self) -> None:
        self.open = True
        signal.signal(signal.SIGTERM, self._close)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the server, which ends us

    def _close(self, *_: object) -> None:
        self.open = False

    def wait(self, seconds: float) -> bool:
        """Wait for a knock, but not for longer than this; returns whether to go on."""
        signal.alarm(0)
        if self.open and select.select([0], [], [], seconds)[0] and not os.read(0, 65536):
            self.open = False
        signal.alarm(MAX_TURN_S)
        return self.open


def read_options() -> dict[str, object]:
    """Read the line of options."""
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_OPTIONS_BYTES:
        some = os.read(0, 1)
        if not some:
            sys.exit(0)
        line += some
    found: dict[str, object] = json.loads(line)
    return found


def main() -> None:
    """Work until the server ends."""
    borrow_packages()
    from collab.ingest.worker.loop import Options, Worker

    os.nice(NICER_BY)
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    options = Options(**read_options())  # type: ignore[arg-type]
    Worker(options, Door().wait).run()


if __name__ == "__main__":
    main()
