"""Names of the archive's writers, where several workers share a store.

A file of the archive has one writer, so that nobody waits for another's disk. Its name is that of
the folder, made once, and the lowest number that no living worker in the folder has.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ....core.storage.file_lock import FileLock, try_hold

#: Bytes of a folder's name, which distinguishes it from those of other machines.
NODE_BYTES = 4


@dataclass(frozen=True)
class Writer:
    """A name that no other living worker has."""

    node: str
    number: int
    lock: FileLock

    @property
    def name(self) -> str:
        """The name in its files."""
        return f"{self.node}-{self.number}"

    def close(self) -> None:
        """Give the name back."""
        self.lock.close()


def claim(folder: Path) -> Writer:
    """Take the first free name; `close`, or the end of the process, gives it back."""
    kept = folder / ".writers"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    node = _node(kept / "node")
    for number in count():
        lock = try_hold(kept / f"{number}.lock")
        if lock is not None:
            return Writer(node, number, lock)
    raise AssertionError("numbers do not end")


def _node(path: Path) -> str:
    if not path.exists():
        draft = path.with_name(f"node.{secrets.token_hex(NODE_BYTES)}")
        draft.write_text(secrets.token_hex(NODE_BYTES))
        with contextlib.suppress(FileExistsError):  # another worker was first
            os.link(draft, path)
        draft.unlink()
    return path.read_text()
