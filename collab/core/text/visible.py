"""What a line may contain: something visible, and nothing that hides in it or turns it around.

Names, titles, tags, paths and the names of files stand in sentences, lists and headers. There
U+202E reverses what follows, U+2028 begins a new line, and nobody can tell two names apart that
differ only in a zero-width space. What can't be seen is taken only where a script or an emoji is
written with it: joiners after a letter of Arabic or a virama (as RFC 5892 Appendix A has it) and
between emoji, variation selectors after what has variants.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

#: Controls, formats, surrogates, line and paragraph separators.
HIDDEN_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
#: Formats that are seen: signs that stand before or around numbers and words.
SEEN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
#: Fillers, and the joiner that joins nothing: of other categories, and seen no more.
FILLER_CHARACTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\U00016fe4")
#: What no line takes, wherever it stands, as ranges for regular expressions of ECMAScript, too.
NEVER_SHOWN_RANGES = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
)
#: Blank, but of the categories of symbols and letters: no dots, no note, no hieroglyph.
BLANK_CHARACTERS = frozenset("\u2800\U0001d159\U00013441\U00013442")
#: What a line needs one of: a letter, a number, a sign. Marks and spaces alone show nothing.
SEEN_CATEGORIES = "LNPS"

EMOJI_JOINER = "\u200d"
JOINER_CHARACTERS = frozenset("\u200c\u200d")
#: Kinds of letters by direction whose forms depend on their neighbours; Hebrew has none.
JOINING_DIRECTIONS = frozenset(["AL", "R"])
HEBREW_BLOCKS = (("\u0590", "\u05ff"), ("\ufb1d", "\ufb4f"))
#: Marks on one letter that a joiner is looked for behind.
MAX_MARKS_SKIPPED = 8
#: The combining class of a virama, which takes a consonant's vowel away.
VIRAMA_CLASS = 9
#: What has variants: symbols, numbers, ideographs; and what else is drawn as emoji.
VARIED_CATEGORIES = frozenset(["So", "Sm", "Sk", "Nd", "Lo"])
OTHER_EMOJI = frozenset("#*\u203c\u2049\u2139\u3030\u303d")
#: Flags of England, Scotland and Wales: a black flag, letters that nobody sees, and an end.
TAGGED_FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in code) + "\U000e007f"
    for code in ("gbeng", "gbsct", "gbwls")
)

NOTHING_SEEN = "Must have at least one visible character."


def trouble(line: str) -> str | None:
    """Say in a sentence what keeps a line from being shown as it is, or return None."""
    wrong = hidden_in(line)
    if wrong is not None:
        return f"Must not have {named(wrong)}: it can't be seen, or turns the line around."
    return None if shows_something(line) else NOTHING_SEEN


def hidden_in(line: str) -> str | None:
    """Return the first character that hides in a line, or None."""
    if line.isascii() and line.isprintable():
        return None
    for flag in TAGGED_FLAGS:
        line = line.replace(flag, flag[0])
    found = (one for at, one in enumerate(line) if is_hidden(one) and not _belongs(line, at))
    return next(found, None)


def without_hidden(line: str, instead: str) -> str:
    """Return a line in which something else stands for each character that hides in it."""
    return "".join(
        instead if is_hidden(one) and not _belongs(line, at) else one for at, one in enumerate(line)
    )


def shows_something(text: str) -> bool:
    """Return whether there is anything to see in a text."""
    return any(is_seen(one) for one in text)


def is_seen(one: str) -> bool:
    """Return whether a character shows something by itself."""
    if unicodedata.category(one)[0] not in SEEN_CATEGORIES:
        return one in SEEN_FORMATS
    return one not in FILLER_CHARACTERS | BLANK_CHARACTERS


def is_hidden(one: str) -> bool:
    """Return whether a character can't be seen by itself."""
    if unicodedata.category(one) in HIDDEN_CATEGORIES:
        return one not in SEEN_FORMATS
    return one in FILLER_CHARACTERS or _is_selector(one) or _is_reserved(one)


def named(one: str) -> str:
    """Name a character for people: `U+202E (RIGHT-TO-LEFT OVERRIDE)`."""
    name = unicodedata.name(one, "")
    return f"U+{ord(one):04X} ({name})" if name else f"U+{ord(one):04X}"


def _is_selector(one: str) -> bool:
    return "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef" or _is_mongolian(one)


def _is_mongolian(one: str) -> bool:
    return "\u180b" <= one <= "\u180f"


def _is_reserved(one: str) -> bool:
    """Return whether it is ignored by default though it is not a character yet, or never one."""
    code = ord(one)
    return (
        code == 0x2065
        or 0xFFF0 <= code <= 0xFFF8
        or 0xE0000 <= code <= 0xE0FFF
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
    )


def _belongs(line: str, at: int) -> bool:
    """Return whether what can't be seen is how the characters around it are written."""
    one, before, after = line[at], line[:at], line[at + 1 : at + 2]
    if one in JOINER_CHARACTERS:
        return _joins(one, before, after)
    if _is_mongolian(one):
        return "\u1820" <= before[-1:] <= "\u18aa"
    varied = _category(before) in VARIED_CATEGORIES or before[-1:] in OTHER_EMOJI
    return _is_selector(one) and varied


def _joins(one: str, before: str, after: str) -> bool:
    if VIRAMA_CLASS in (_of(unicodedata.combining, before), _of(unicodedata.combining, after)):
        return True
    if one == EMOJI_JOINER and _category(after) in ("So", "Sm"):
        return _category(before.rstrip("\ufe0e\ufe0f")) in ("So", "Sk")
    # A joiner gives the letter before it another form, whatever comes after it.
    joined = one == EMOJI_JOINER or _category(after)[:1] in ("L", "M")
    return joined and _is_cursive(_base(before))


def _is_cursive(text: str) -> bool:
    hebrew = any(low <= text[-1:] <= high for low, high in HEBREW_BLOCKS)
    return _of(unicodedata.bidirectional, text) in JOINING_DIRECTIONS and not hebrew


def _base(before: str) -> str:
    """Return what ends with the last character that is not a mark."""
    tail = before[-MAX_MARKS_SKIPPED:]
    while _category(tail) == "Mn":
        tail = tail[:-1]
    return tail


def _category(text: str) -> str:
    return str(_of(unicodedata.category, text))


def _of(look: Callable[[str], object], text: str) -> object:
    """Return what is known of a text's last character."""
    return look(text[-1]) if text else ""
