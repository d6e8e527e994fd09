"""Paths of files in a workspace: relative, with `/` between their parts, composed (NFC)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from . import names

#: Characters of a path.
MAX_PATH_LENGTH = 500
#: Parts of a path, so that answers nest no deeper.
MAX_PATH_PARTS = 40

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_INNER = rf"[^/\\{_CONTROLS}]"
_OUTER = rf"[^/\\\s\ufeff{_CONTROLS}]"
_PART = rf"(?!\.{{1,2}}(?:/|$)){_OUTER}(?:{_INNER}{{0,253}}{_OUTER})?"
#: A pattern that ECMAScript reads, too.
PATH_PATTERN = rf"^{_PART}(?:/{_PART}){{0,{MAX_PATH_PARTS - 1}}}$"
PATH_DESCRIPTION = (
    "Relative, with `/` between its parts, of which there are at most 40, each of at most 255 "
    "characters; none is `.` or `..`, or begins or ends with a space; no backslash, no control "
    "characters. It is composed (Unicode NFC). " + names.NAMES_DESCRIPTION
)


def composed(path: str) -> str:
    """Return the one spelling of a path: paths that look the same are the same."""
    return unicodedata.normalize("NFC", path)


def name_of(path: str) -> str:
    """Return the last part of a path."""
    return path.rsplit("/", 1)[-1]


def folders_of(path: str) -> Iterator[str]:
    """Yield the folders that contain a path, the innermost first."""
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def moved(path: str, source: str, target: str) -> str:
    """Return a path below a folder after the folder is renamed."""
    return target + path[len(source) :]


def clash(kept: Iterable[str], added: Iterable[str]) -> tuple[str, str] | None:
    """Find an added path that conflicts: taken, a file where a folder is, or below a file.

    Returns it with the path that it conflicts with.
    """
    files = set(kept)
    folders = {folder: path for path in files for folder in folders_of(path)}
    for path in added:
        if path in files:
            return path, path
        if path in folders:
            return path, folders[path]
        for folder in folders_of(path):
            if folder in files:
                return path, folder
            folders.setdefault(folder, path)
        files.add(path)
    return None
