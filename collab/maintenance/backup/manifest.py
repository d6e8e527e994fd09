"""What a backup says about itself: its moment, its files with their checksums, its keys."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ...frozen import frozen

#: The last file in a backup: without it, the backup is incomplete.
MANIFEST_NAME = "manifest.json"
FORMAT_NUMBER = 1
#: Maximum bytes of a manifest: some 150 for each file.
MAX_MANIFEST_BYTES = 512 * 2**20


class NotABackup(Exception):
    """The file is not a complete backup; the message says what is wrong."""


@frozen
class Entry:
    """A file in a backup."""

    name: str
    bytes: int
    sha256: str


@dataclass
class Manifest:
    """What a backup says about itself."""

    #: The moment that it shows (RFC 3339, UTC).
    moment: str
    version: str
    #: The databases' schema: the newest migration.
    revision: str
    files: list[Entry] = field(default_factory=list)
    #: The names of keys by their settings, newest first; those in `given` were settings, and
    #: are not in the backup.
    keys: dict[str, list[str]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    #: Kept files that rows name and that were not on the disk.
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT_NUMBER

    def encoded(self) -> bytes:
        """Return it as it is written."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """Read one; raises NotABackup."""
        try:
            said: dict[str, Any] = json.loads(data)
            if said["format"] != FORMAT_NUMBER:
                raise NotABackup("It was made by a newer Collab than this one.")
            files = [Entry(**one) for one in said.pop("files")]
            return cls(files=files, **said)
        except (ValueError, KeyError, TypeError):
            raise NotABackup("Its manifest can't be read.") from None


def checked_name(name: str) -> str:
    """Return the name of a file in a backup; raises NotABackup for one that leads outside."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise NotABackup(f"It has a file with the name {name!r}.")
    return str(path)
