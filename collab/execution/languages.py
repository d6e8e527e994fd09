"""The languages that code may be in, and how each interpreter is started."""

from __future__ import annotations

from collections.abc import Callable

from ..frozen import frozen
from . import nodes, programs
from .programs import Installed

MIB = 1024 * 1024

#: Bytes that the code may take on top of what its interpreter holds at rest (RLIMIT_DATA).
CODE_DATA = 208 * MIB


@frozen
class Language:
    """A language: its interpreter, the file that takes the code, and what memory it needs.

    `address_space` and `data` are bytes (RLIMIT_AS and RLIMIT_DATA); `find` returns the
    interpreter, or None where it is not installed; `package` is what to install then. `at_rest`
    returns the bytes of data that an interpreter holds before any code runs.
    """

    name: str
    find: Callable[[], Installed | None]
    package: str
    options: tuple[str, ...]
    file: str
    address_space: int
    data: int
    at_rest: Callable[[str], int] = lambda _: 0
    #: What else an interpreter of one version needs, as options and in bytes of addresses.
    more_options: Callable[[str], tuple[str, ...]] = lambda _: ()
    more_addresses: Callable[[str], int] = lambda _: 0

    def interpreter(self) -> Installed | None:
        """Return the interpreter, or None where it is not installed."""
        return self.find()

    def words(self, interpreter: Installed) -> tuple[str, ...]:
        """Return the command that takes the path of the code."""
        return (interpreter.inside, *self.options, *self.more_options(interpreter.outside))

    def address_limit(self, interpreter: Installed) -> int:
        """Return the bytes of addresses that the interpreter and the code may have together."""
        return max(self.address_space, self.more_addresses(interpreter.outside))

    def data_limit(self, interpreter: Installed) -> int:
        """Return the bytes that the interpreter and the code may hold together."""
        return max(self.data, self.at_rest(interpreter.outside) + CODE_DATA)


def _node_addresses(node: str) -> int:
    return 0 if nodes.probed(node).lean else nodes.GUARDED_ADDRESS_SPACE


#: `-E -s` leave out the environment and the user's packages, but not the code's folder: modules
#: there are found, as on any machine. `site` stays, since it defines `exit()` (`-S` would start 3
#: ms faster). `-u`: output is seen as it comes.
PYTHON = Language(
    "python", programs.python, "python3", ("-E", "-s", "-B", "-u"), "main.py", 512 * MIB, 256 * MIB
)
#: V8 reserves more than a gigabyte of addresses, and 128 MiB more for each worker thread. Native
#: addons can't be loaded from files that the code makes; this says so before it is tried.
JAVASCRIPT = Language(
    "javascript",
    programs.node,
    "nodejs",
    ("--max-old-space-size=128", "--no-addons"),
    "main.js",
    2048 * MIB,
    256 * MIB,
    nodes.data_at_rest,
    lambda node: nodes.probed(node).options,
    _node_addresses,
)

LANGUAGES = {language.name: language for language in (PYTHON, JAVASCRIPT)}
