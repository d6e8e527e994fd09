"""Who runs jobs: a name, and a file lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
import secrets
from hashlib import sha256
from pathlib import Path


class Worker:
    """One process that runs jobs. Its lock is the proof that it lives: no clock is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self.name = f"{_tag(folder)}-{os.getpid()}-{secrets.token_hex(4)}"

    def begin(self) -> None:
        """Take the lock; the system lets go of it when the process ends."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not inherited by programs that are started from here (PEP 446): they would keep it.
        self._descriptor = os.open(self._path(self.name), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def end(self) -> None:
        """Let go of the lock and delete its file."""
        if self._descriptor is not None:
            self._path(self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def is_dead(self, name: str) -> bool:
        """Tell whether another worker is certainly dead.

        One whose lock would be in another folder (another installation on the same database) is
        never certain: its lease has to run out.
        """
        if not name.startswith(_tag(self._folder) + "-"):
            return False
        try:
            descriptor = os.open(self._path(name), os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def bury(self, name: str) -> None:
        """Delete a dead worker's file."""
        self._path(name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Delete the files of all workers that died, also of those that left no job behind."""
        for path in self._folder.glob("*.lock"):
            if path.stem != self.name and self.is_dead(path.stem):
                self.bury(path.stem)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


def _tag(folder: Path) -> str:
    """Return a short name for the installation that the folder belongs to."""
    return sha256(str(folder).encode()).hexdigest()[:8]
