"""Names that mean the same on every system: which are refused, and how an archive renames them.

A file that is made here may be unpacked elsewhere. There `C:x` or `con` is not a file at all, `a.`
loses its dot, U+202E reverses a name, and `.git/config` runs what it says. So none of them is
accepted; files that already have such a name get another one in an archive, and so does the second
of two names that differ only in case.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

from ..core.text import visible

#: Characters that have other meanings on Windows.
RESERVED_CHARACTERS = frozenset('<>:"|?*\\')
#: Names of devices on Windows, whatever follows a dot.
DEVICE_NAMES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{kind}{number}" for kind in ("com", "lpt") for number in "0123456789¹²³"]
)
#: Folders whose content a tool believes and executes, also by their short name on Windows.
TRUSTED_FOLDERS = frozenset([".git", "git~1"])

#: Characters of a part of a path, of what counts as its extension, and of a number in between.
MAX_PART_LENGTH = 255
MAX_ENDING_LENGTH = 20
MAX_NUMBER_LENGTH = 10
NAMES_DESCRIPTION = (
    'No part is a name that other systems refuse or act on: none has `<>:"|?*` or invisible '
    "characters, ends with a dot, has the name of a Windows device (`con`, `aux.txt`) or is "
    "`.git`."
)


def trouble(path: str) -> str | None:
    """Return what is wrong with a path on other systems, or None."""
    for part in path.split("/"):
        if (wrong := _trouble(part)) is not None:
            return f"{part[:40]!r} {wrong}"
    return None


def _trouble(part: str) -> str | None:
    if (wrong := visible.hidden_in(part)) is not None:
        return f"has {visible.named(wrong)}, which can't be seen"
    if not visible.shows_something(part):
        return "has nothing to see in it"
    if RESERVED_CHARACTERS & set(part):
        return f"has one of {' '.join(sorted(RESERVED_CHARACTERS))}"
    if part.endswith((".", " ")):
        return "ends with a dot or a space"
    if _stem(part) in DEVICE_NAMES:
        return "is the name of a device on Windows"
    # Without what systems ignore when they compare names: `.g\u200cit` is `.git` to some.
    if "".join(one for one in part if not visible.is_hidden(one)).casefold() in TRUSTED_FOLDERS:
        return "is a folder whose content tools run"
    return None


def _stem(part: str) -> str:
    return part.partition(".")[0].rstrip(" ").casefold()


def portable(paths: Iterable[str]) -> dict[str, str]:
    """Return the name of each path in an archive: safe, and different even without case."""
    names = _Names()
    return {path: names.of(path) for path in paths}


class _Names:
    """The names that an archive has so far."""

    def __init__(self) -> None:
        self._folders = {"": ""}
        #: Names without case: of files, and of folders.
        self._files: set[str] = set()
        self._there: set[str] = set()
        #: The last number that each name was given; otherwise each of a thousand would count from
        #: one.
        self._numbers: Counter[str] = Counter()

    def of(self, path: str) -> str:
        """Return a free name for a file."""
        folder, _, name = path.rpartition("/")
        within = self._folder(folder)
        found = self._free(within, _safe(name), self._files, self._there)
        self._files.add(_folded(found))
        return found

    def _folder(self, path: str) -> str:
        """Return the name of a folder, the same for everything in it."""
        if path not in self._folders:
            outer, _, name = path.rpartition("/")
            found = self._free(self._folder(outer), _safe(name), self._files)
            self._folders[path] = found
            self._there.add(_folded(found))
        return self._folders[path]

    def _free(self, folder: str, name: str, *taken: set[str]) -> str:
        """Return a free name below a folder, numbered if need be."""
        found = _joined(folder, name)
        while any(_folded(found) in names for names in taken):
            stem, ending = _cut(name)
            key = _folded(_joined(folder, f"{stem}/{ending}"))
            self._numbers[key] = number = max(2, self._numbers[key] + 1)
            found = _joined(folder, f"{stem} ({number}){ending}")
        return found


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _cut(name: str) -> tuple[str, str]:
    """Split a name where a number goes, short enough to leave room for it."""
    stem, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    if len(ending) > MAX_ENDING_LENGTH:
        stem, dot, ending = name, "", ""
    return stem[: MAX_PART_LENGTH - MAX_NUMBER_LENGTH - len(dot + ending)], dot + ending


def _folded(name: str) -> str:
    """Return a name as systems that ignore case compare it."""
    # Unicode's way to compare without case (§3.13, D145): folding alone still distinguishes some
    # equal letters, by whether their marks are composed.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _safe(part: str) -> str:
    """Return a name without any of the problems above."""
    seen = "".join("_" if one in RESERVED_CHARACTERS else one for one in part)
    seen = visible.without_hidden(seen, "_")
    trimmed = seen.rstrip(". ")
    # In place of what was cut: a name of only dots would be no name.
    trimmed += "_" * (len(seen) > len(trimmed))
    return trimmed if _trouble(trimmed) is None else f"_{trimmed}"[:MAX_PART_LENGTH].rstrip(". ")
