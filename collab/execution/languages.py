"""The languages that code may be in, and how each interpreter is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import programs
from .programs import Installed

MIB = 1024 * 1024

#: Bytes that the code may take on top of what its interpreter holds before it (RLIMIT_DATA).
CODE_DATA = 208 * MIB


@dataclass(frozen=True)
class Language:
    """A language: its interpreter, the file that takes the code, and what memory it needs.

    `address_space` and `data` are bytes (RLIMIT_AS and RLIMIT_DATA); `find` returns the
    interpreter, or None where it is not installed, and `package` is what to install then.
    `at_rest` returns the bytes of data that an interpreter holds before any code runs.
    """

    name: str
    find: Callable[[], Installed | None]
    package: str
    options: tuple[str, ...]
    file: str
    address_space: int
    data: int
    at_rest: Callable[[str], int] = lambda _: 0

    def interpreter(self) -> Installed | None:
        """Return the interpreter, or None where it is not installed."""
        return self.find()

    def data_limit(self, interpreter: Installed) -> int:
        """Return the bytes that the interpreter and the code may hold together."""
        return max(self.data, self.at_rest(interpreter.outside) + CODE_DATA)


#: `-I` leaves out the environment, the user's packages and the working folder; `site` stays, for
#: `exit()` is made there (`-S` would start 3 ms faster). `-u`: output is seen as it comes.
PYTHON = Language(
    "python", programs.python, "python3", ("-I", "-B", "-u"), "main.py", 512 * MIB, 256 * MIB
)
#: V8 reserves more than a gigabyte of addresses, and 128 MiB more for each worker thread. Native
#: addons could not be loaded from files that the code makes; this says so before it is tried.
JAVASCRIPT = Language(
    "javascript",
    programs.node,
    "nodejs",
    ("--max-old-space-size=128", "--no-addons"),
    "main.js",
    2048 * MIB,
    256 * MIB,
    programs.data_at_rest,
)

LANGUAGES = {language.name: language for language in (PYTHON, JAVASCRIPT)}
