"""The page's files: read once, with their tags, and under one version for all of them.

The version is in each file's path (`/static/<version>/app.js`), so modules that import one another
by relative paths are of one version, and browsers keep them for good (RFC 8246).
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from functools import cache, cached_property
from pathlib import Path

from ..frozen import frozen

STATIC_FOLDER = Path(__file__).with_name("static")

#: Characters of a version, and of a tag.
DIGEST_LENGTH = 16
#: The types of what is text, which is compressed, once. Not the system's table: it may say
#: otherwise, and a module of another type does not run.
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

#: What a module imports as soon as it is loaded: `import ... from "./x.js"`, `export ... from`.
_IMPORT = re.compile(r'\b(?:from|import) "(\.[^"\n]*)";')


@frozen
class Asset:
    """One file, as it is sent."""

    name: str
    body: bytes

    @cached_property
    def etag(self) -> str:
        """Return the strong tag of its bytes (RFC 9110 §8.8.3), without the quotes."""
        return hashlib.sha256(self.body).hexdigest()[:DIGEST_LENGTH]

    @cached_property
    def packed(self) -> bytes | None:
        """Return it compressed, if that is worth it."""
        if Path(self.name).suffix not in MEDIA_TYPES:
            return None
        packed = gzip.compress(self.body, mtime=0)
        return packed if len(packed) < len(self.body) else None

    @property
    def content_type(self) -> str:
        """Return its media type."""
        found = MEDIA_TYPES.get(Path(self.name).suffix)
        return f"{found}; charset=utf-8" if found else "application/octet-stream"


class Assets:
    """All files of the page, by their path below `static/`."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self._made = {name: Asset(name, body) for name, body in self._files.items()}
        whole = hashlib.sha256()
        for name, body in self._files.items():
            whole.update(f"{name}\0{len(body)}\0".encode() + body)
        self.version = whole.hexdigest()[:DIGEST_LENGTH]

    def get(self, name: str) -> Asset | None:
        """Return a file, if there is one of that name."""
        return self._made.get(name)

    def text(self, name: str) -> str:
        """Return what is in a file."""
        return self._files[name].decode()

    def modules(self, *names: str) -> list[str]:
        """Return some modules and all that they import at once, each before what it imports."""
        found: list[str] = []
        pending = [name for name in names if name in self._files]
        while pending:
            name = pending.pop(0)
            if name in found:
                continue
            found.append(name)
            below = posixpath.dirname(name)
            pending += [
                posixpath.normpath(posixpath.join(below, one))
                for one in _IMPORT.findall(self.text(name))
            ]
        return found


@cache
def assets() -> Assets:
    """Return this installation's files; they do not change while the process runs."""
    return Assets(STATIC_FOLDER)
