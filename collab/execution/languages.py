"""The languages that code may be in, and how each interpreter is started."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024

PROGRAM_FOLDERS = ("/usr/bin", "/usr/local/bin")
#: The only folders of the machine that the code sees, read-only; apps live elsewhere in /usr.
LIBRARY_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


@dataclass(frozen=True)
class Language:
    """A language: its interpreter, the file that takes the code, and what memory it needs.

    `address_space` and `data` are bytes (RLIMIT_AS and RLIMIT_DATA).
    """

    name: str
    program: str
    package: str
    options: tuple[str, ...]
    file: str
    address_space: int
    data: int

    def interpreter(self) -> str | None:
        """Return the interpreter's path, or None where it is not installed."""
        return find_program(self.program)


def find_program(name: str) -> str | None:
    """Return a program's path, links followed, if the code sees it there; or None.

    A link may lead through /etc/alternatives, which is not there for the code.
    """
    found = shutil.which(name, path=":".join(PROGRAM_FOLDERS))
    if found is None:
        return None
    real, folders = Path(found).resolve(), (*PROGRAM_FOLDERS, *LIBRARY_FOLDERS)
    return str(real) if any(real.is_relative_to(folder) for folder in folders) else None


#: `-I` leaves out the environment, the user's packages and the working folder; `site` stays, for
#: `exit()` is made there (`-S` would start 3 ms faster). `-u`: output is seen as it comes.
PYTHON = Language(
    "python", "python3", "python3", ("-I", "-B", "-u"), "main.py", 512 * MIB, 256 * MIB
)
#: V8 reserves more than a gigabyte of addresses, and 128 MiB more for each worker thread. Native
#: addons could not be loaded from files that the code makes; this says so before it is tried.
JAVASCRIPT = Language(
    "javascript",
    "node",
    "nodejs",
    ("--max-old-space-size=128", "--no-addons"),
    "main.js",
    2048 * MIB,
    256 * MIB,
)

LANGUAGES = {language.name: language for language in (PYTHON, JAVASCRIPT)}
