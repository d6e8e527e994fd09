"""Rings of keys: the newest signs and seals, older ones still verify and open."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from ...frozen import frozen
from ..slots import Slot

#: The keys of an instance, by the settings that give them; a file in the folder keeps those that no
#: setting gives.
KEY_NAMES = ("SECRET_KEY", "JWT_SECRET_KEY", "SEALING_KEY")
#: The suffix of the setting with the older keys, and what separates them.
FALLBACKS_SUFFIX = "_FALLBACKS"
#: Seconds after which a key's file is looked at again: another process may have rotated it.
LOOK_SECONDS = 1.0


def kept_secret(path: Path) -> str:
    """Return the secret in a file, created on first use with mode 0600.

    Raises ValueError for an empty one.
    """
    if not path.exists():
        _make(path)
    if not (secret := path.read_text().strip()):
        raise ValueError(f"{path.name} is empty: delete it, and a new one will be made")
    return secret


def _make(path: Path) -> None:
    """Create a secret's file, whole or not at all.

    Another process, or the next start after a crash, would take a half-written one for the secret.
    """
    draft = _drafted(path, new_secret())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)  # one maker wins
    draft.unlink()


def _drafted(path: Path, text: str) -> Path:
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # its mode is 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    return Path(draft)


def new_secret() -> str:
    """Return a key: 384 random bits."""
    return secrets.token_urlsafe(48)


@frozen
class Kept:
    """A line of a key's file: the key, and since when it is the newest (None: the first one)."""

    secret: str
    since: datetime | None = None

    @property
    def line(self) -> str:
        """Return it as the file holds it."""
        return f"{self.secret}\t{self.since.isoformat()}" if self.since else self.secret


def read_kept(path: Path) -> list[Kept]:
    """Return the keys in a file, newest first; makes one if there is no file.

    Raises ValueError for a file with none.
    """
    found = []
    for line in kept_secret(path).splitlines():
        secret, _, since = line.strip().partition("\t")
        found.append(Kept(secret, datetime.fromisoformat(since).astimezone(UTC) if since else None))
    return found


def write_kept(path: Path, keys: Sequence[Kept]) -> None:
    """Replace the keys in a file, in one step."""
    _drafted(path, "\n".join(key.line for key in keys) + "\n").replace(path)


class KeyRing:
    """The keys for one use, the newest first: from settings, or from a file.

    A file that another process has changed is noticed within LOOK_SECONDS, or as soon as something
    comes that no key of the ring fits.
    """

    def __init__(self, given: Sequence[str], path: Path | None = None) -> None:
        """Take the given keys, or read the file if there are none; raises OSError, ValueError."""
        self._given, self._path = tuple(given), path
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        #: Whether the file was created just now, as there was none.
        self.is_new = path is not None and not given and not path.exists()
        self._mark = self._marked()
        self._secrets = self._given or self._read()

    @property
    def path(self) -> Path | None:
        """Return the file that keeps them; None for keys that settings give."""
        return None if self._given else self._path

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the keys; the same tuple while none has changed."""
        if not self._given and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self.look_again()
        return self._secrets

    def look_again(self) -> None:
        """Read the file, if it has changed; if it can't be read, the ring stays as it is."""
        if self._given:
            return
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._looked_at = time.monotonic()
            mark = self._marked()
            # Without a file the ring stays as it is: it may be gone for a moment, as in a restore.
            if mark is not None and mark != self._mark:
                self._secrets, self._mark = self._read(), mark

    def _read(self) -> tuple[str, ...]:
        if self._path is None:
            raise ValueError("there is neither a key nor a file for it")
        return tuple(key.secret for key in read_kept(self._path))

    def _marked(self) -> tuple[int, int, int] | None:
        if self._path is None:
            return None
        with contextlib.suppress(OSError):
            found = self._path.stat()
            # The inode, too: two files of one length may be written within one tick of the clock.
            return found.st_ino, found.st_mtime_ns, found.st_size
        return None


#: The rings of an application, by the names of their settings.
RINGS: Slot[dict[str, KeyRing]] = Slot("key rings")


def init_app(app: Flask) -> None:
    """Give an application the rings that its configuration has made."""
    RINGS.put(app, app.config["KEY_RINGS"])
