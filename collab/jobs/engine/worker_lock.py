"""Who runs jobs: a name, and a file lock that ends with its process, however that ends."""

from __future__ import annotations

import logging
import os
import secrets
from hashlib import sha256
from pathlib import Path

from flask import Flask

from ...core.database.engine import ENGINE
from ...core.storage.file_lock import FileLock
from .server_lock import ServerLock

logger = logging.getLogger(__name__)


class WorkerLock:
    """One process that runs jobs. Its lock is the proof that it lives: no clock is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: FileLock | None = None
        #: Given by `begin`.
        self.name = ""

    def begin(self) -> None:
        """Take a name and its lock; the system releases the lock when the process ends.

        The name is made here, not before the fork: a server that starts a process for one that
        died would give it the dead one's name.
        """
        self.name = f"{_tag(self._folder)}-{os.getpid()}-{secrets.token_hex(4)}"
        self._held = self._lock()

    def keep(self) -> None:
        """Recreate the lock's file if somebody deleted it: otherwise we would be taken for dead."""
        if self._held is not None and not self._path(self.name).exists():
            logger.warning("somebody deleted the lock of worker %s, making it again", self.name)
            deleted, self._held = self._held, self._lock()
            deleted.close()

    def _lock(self) -> FileLock:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Locked before it has its name: nobody ever finds it free while we live.
        unnamed = self._folder / f"{self.name}.new"
        lock = FileLock(unnamed)
        lock.take()
        unnamed.rename(self._path(self.name))
        return lock

    def end(self) -> None:
        """Release the lock and delete its file."""
        if self._held is not None:
            self._path(self.name).unlink(missing_ok=True)
            self._held.close()
            self._held = None

    def is_dead(self, name: str) -> bool:
        """Return whether another worker is certainly dead.

        One whose lock would be in another folder (another installation on the same database) is
        never certain: its lease has to expire.
        """
        # Its lock is not in our folder, whether it is alive or not.
        if not name.startswith(_tag(self._folder) + "-"):
            return False
        try:
            # Not created if it is missing: each check would leave a file that nobody buries.
            lock = FileLock(self._path(name), os.O_RDWR)
        except FileNotFoundError:
            return True
        with lock:
            return lock.try_take()

    def bury(self, name: str) -> None:
        """Delete a dead worker's file."""
        self._path(name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Delete the lock files of all workers that died, even of those that left no job."""
        for path in self._folder.glob("*.lock"):
            if path.stem != self.name and self.is_dead(path.stem):
                self.bury(path.stem)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


AnyLock = WorkerLock | ServerLock


def lock_of(app: Flask) -> AnyLock:
    """Return the lock of an application's worker, of the kind that its database allows."""
    if ENGINE.of(app).is_file:
        return WorkerLock(app.config["INSTANCE_PATH"] / "workers")
    return ServerLock(app)


def _tag(folder: Path) -> str:
    """Return a short name for the installation that the folder belongs to."""
    return sha256(str(folder).encode()).hexdigest()[:8]
