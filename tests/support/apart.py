"""Carries updates out in a process of its own, in which the CRDT's library may crash."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .fuzzing import Outcome, carried_out
from .servers import run_forked


def outcomes(sessions: list[list[bytes]]) -> list[Outcome]:
    """Return what becomes of each session's updates; fails with what the first crash leaves."""
    with tempfile.TemporaryDirectory() as folder:
        given, written = Path(folder, "sessions"), Path(folder, "outcomes")
        given.write_bytes(pickle.dumps(sessions))
        ended = run_forked("-m", __name__, str(given), str(written))
        found = [*_read(written)]
    assert ended.returncode == 0, f"session {len(found)}: {ended.returncode} {ended.stderr}"
    return found


def _read(file: Path) -> Iterable[Outcome]:
    with file.open("rb") as source:
        size = file.stat().st_size
        while source.tell() < size:
            yield pickle.load(source)


def carry_out(given: Path, written: Path) -> None:
    """Write the outcomes, each as soon as it is there."""
    with written.open("wb", buffering=0) as out:
        for updates in pickle.loads(given.read_bytes()):
            out.write(pickle.dumps(carried_out(updates)))


if __name__ == "__main__":
    carry_out(*map(Path, sys.argv[1:]))
