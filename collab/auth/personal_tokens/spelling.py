"""How a personal token is written: a prefix that scanners know, random characters, a checksum.

`collab_pat_`, 32 characters of base 62 (190 random bits), and 6 more, the CRC-32 of those. Scanners
of repositories and logs find it by the prefix, and the checksum distinguishes it from what only
looks like it: `collab_pat_[0-9A-Za-z]{38}`. The checksum also spares the database a look-up of one
that was mistyped.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib

TOKEN_PREFIX = "collab_pat_"  # noqa: S105
#: Random characters.
RANDOM_LENGTH = 32
#: Characters of the checksum: as many as 32 bits need in base 62.
CHECKSUM_LENGTH = 6
BASE62_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
TOKEN_PATTERN = re.compile(
    rf"{TOKEN_PREFIX}([0-9A-Za-z]{{{RANDOM_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)


def new() -> str:
    """Return a new token."""
    made = "".join(secrets.choice(BASE62_DIGITS) for _ in range(RANDOM_LENGTH))
    return f"{TOKEN_PREFIX}{made}{checksum(made)}"


def looks_personal(token: str) -> bool:
    """Return whether a token is meant as a personal one."""
    return token.startswith(TOKEN_PREFIX)


def is_whole(token: str) -> bool:
    """Return whether a token is well-formed, including its checksum."""
    found = TOKEN_PATTERN.fullmatch(token)
    return found is not None and checksum(found[1]) == found[2]


def checksum(made: str) -> str:
    """Return the CRC-32 of the random characters, in base 62."""
    left, digits = zlib.crc32(made.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        left, rest = divmod(left, len(BASE62_DIGITS))
        digits = BASE62_DIGITS[rest] + digits
    return digits
