"""Passwords as they are compared: the profile OpaqueString of PRECIS (RFC 8265 §4.2).

The same key on another keyboard may send other code points: `é` as one or as two, a space that does
not break. Both are one password. Case, width and everything else stay as they are. What the profile
forbids is refused in new passwords where no keyboard sends it; emoji with joiners and variation
selectors, which it forbids too, are taken, as phones send them.
"""

from __future__ import annotations

import unicodedata

#: Categories that no keyboard sends: controls, halves of surrogate pairs, unassigned ones.
FORBIDDEN_CATEGORIES = frozenset(["Cc", "Cs", "Cn"])


def prepared(password: str) -> str:
    """Return what is hashed and compared: spaces are U+0020 (§4.2.2, 2), the rest is NFC (4)."""
    spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in password)
    return unicodedata.normalize("NFC", spaced)


def forbidden_in(password: str) -> str | None:
    """Return the first character that a new password may not have, or None."""
    return next(
        (one for one in password if unicodedata.category(one) in FORBIDDEN_CATEGORIES), None
    )
