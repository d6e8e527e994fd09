"""Which passwords many people use: a list of leaked ones, common words, and keyboard patterns.

The lists are zxcvbn's data. Its package is not imported: that would keep some 15 MiB of
dictionaries in memory that nobody here uses. What is kept instead is one text of 0.4 MiB, made when
a password is first chosen.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from typing import Any

#: Used in the documented example of earlier clients, and accepted for that reason alone.
DOCUMENTED_PASSWORDS = frozenset({"password123"})

#: Common ones that the lists leave to rules for substitutions and parts, which we don't have.
MORE_PASSWORDS = frozenset(
    """
    p@ssword p@ssw0rd letmein123 admin123 admin1234 administrator1 root1234 default1 welcome123
    changeme1 secret123 samsung1 charlie1 dragon123 monkey123 master123 shadow123
    """.split()  # noqa: SIM905  (so many literals would be hard to read)
)

#: Characters of the longest piece whose repetition makes no password: `testtest`, `12341234`.
MAX_PIECE_LENGTH = 4

_PACKAGE = "zxcvbn"
_FILE = "frequency_lists.py"


def is_common(password: str, least: int) -> bool:
    """Return whether a password (in lower case, of at least `least` characters) is a common one."""
    if password in DOCUMENTED_PASSWORDS:
        return False
    return password in MORE_PASSWORDS or _is_pattern(password) or f"\n{password}\n" in _lists(least)


def _is_pattern(password: str) -> bool:
    """Return whether it is a repeated short piece, or a run such as `abcdefgh`."""
    piece = (password * 2).find(password, 1)
    steps = {ord(after) - ord(one) for one, after in pairwise(password)}
    return piece <= min(MAX_PIECE_LENGTH, len(password) - 1) or steps in ({1}, {-1})


@cache
def _lists(least: int) -> str:
    """Return all words of all lists that are long enough, each between two line breaks."""
    found = find_spec(_PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else Path(_PACKAGE)
    spec = spec_from_file_location("common_passwords", folder / _FILE)
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder / _FILE} is not there: pip install -r requirements.txt")
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    words = (word for words in module.FREQUENCY_LISTS.values() for word in words)
    return "\n".join(["", *(word for word in words if len(word) >= least), ""])
