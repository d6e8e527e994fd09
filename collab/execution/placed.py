"""The files of a run: its own, which it may change, and those of a workspace, which it may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ..frozen import frozen

#: Files that a run may bring, and the bytes of all of them.
MAX_FILES = 100
MAX_FILES_BYTES = 1024 * 1024
#: Files of a workspace that a run sees, and the bytes of all of them.
MAX_SHOWN_FILES = 200
MAX_SHOWN_BYTES = 4 * 1024 * 1024
#: Bytes of a name in a folder (NAME_MAX of Linux), and of a path here.
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024


@frozen
class Files:
    """Files by their paths from the top of the working folder.

    `main` is where the code is (under the language's own name, if None); it runs in that folder.
    `shown` can't be changed.
    """

    main: str | None = None
    own: Mapping[str, bytes] = field(default_factory=dict)
    shown: Mapping[str, bytes] = field(default_factory=dict)


NO_FILES = Files()


def fits_a_disk(path: str) -> bool:
    """Return whether Linux takes a path: its names are short enough in UTF-8."""
    try:
        names = [len(name.encode()) for name in path.split("/")]
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return max(names) <= MAX_NAME_BYTES and sum(names) + len(names) <= MAX_PATH_BYTES
