"""What a log line never shows: secrets, and characters that act on its reader or terminal."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

#: Characters of a message that are logged.
MAX_MESSAGE_LENGTH = 16 * 1024

#: A match begins where a word does: trying each place within one takes quadratic time for long
#: words.
SECRET_PATTERN = re.compile(
    r"(?i)(?<!\w)(?=\w*?(?:token|ticket|password|secret|authorization))(\w+[\"']?\s*[=:]\s*)"
    r"(?:\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|(?:bearer\s+)?[^\s\"'&,}]+)"
)
JWT_LIKE = re.compile(r"(?<![\w-])(?=[\w-]*?eyJ[\w-])[\w-]+\.[\w-]*\.[\w.-]+")
#: Standard Webhooks' secrets, and whatever else shows by its prefix that it is one.
PREFIXED_SECRET = re.compile(r"(?<![\w-])(?:whsec|whsk|whpk|collab_pat|collab_hook)_[\w+/=-]+")
#: The password of an address such as `smtp://user:password@host` (RFC 3986 §3.2.1).
ADDRESS_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*:)[^\s/@]+@")

#: Controls (C0, DEL and C1), which a terminal obeys or a reader takes for the end of a line, and
#: what changes the direction of a line (UAX #9 §2).
ACTING_CHARACTER = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)

#: What a token is made of; where a text is cut, its last word goes, so that no half of a token
#: stays.
WORD_CHARACTERS = string.ascii_letters + string.digits + "_.-"

#: A path parameter is a secret if its name contains one of these.
SECRET_WORDS = ("token", "ticket", "secret")


def shortened(text: str, most: int) -> str:
    """Cut a text to `most` characters and then to its last whole word, if it is longer."""
    return text if len(text) <= most else text[:most].rstrip(WORD_CHARACTERS) + "…"


def redact(line: str) -> str:
    """Cut a message, and blank out what looks like a password or token."""
    line = SECRET_PATTERN.sub(r"\1***", shortened(line, MAX_MESSAGE_LENGTH))
    line = ADDRESS_PASSWORD.sub(r"\1***@", PREFIXED_SECRET.sub("***", line))
    return JWT_LIKE.sub("***", line)


def escaped(line: str) -> str:
    """Escape whatever would act on a terminal, or end the line."""
    return ACTING_CHARACTER.sub(_code, line)


def _code(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def names_a_secret(names: Iterable[str]) -> bool:
    """Return whether one of a path's parameters is a secret, judging by its name."""
    return any(word in name for name in names for word in SECRET_WORDS)
