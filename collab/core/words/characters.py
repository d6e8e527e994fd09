"""Classes of characters that Python's regular expressions have no names for, as parts of `[...]`.

They come from the Unicode data of the Python that runs. All this is pure: any part may use it.
"""

from __future__ import annotations

import re
from functools import cache
from unicodedata import category, normalize

_EMOJI_BLOCKS = range(0x1F000, 0x1FB00)
#: No marks and no symbols are looked for after these: what follows has none, or is private.
_LOOKED_THROUGH = (
    *(range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xF900, 0x1F000)),
    *(_EMOJI_BLOCKS, range(0x1FB00, 0x1FC00)),
)
#: Parts of Korean syllables as older character sets had them.
_KOREAN_COMPATIBILITY = (range(0x3131, 0x318F), range(0xFFA1, 0xFFDD))

#: Letters and syllables that are written without spaces between words: Chinese, Japanese, Korean
#: (in which a word goes on with its particles), Thai, Lao, Burmese, Khmer and what is written alike
#: (the line breaking classes ID and SA of UAX #14). Digits have words of their own.
RUN_LETTERS = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u0edc-\u0edf"  # Thai, Lao
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17d3\u17d7\u17dc\u1950-\u1974\u1980-\u19c9\u1a20-\u1a7c\uaa80-\uaadf"  # Khmer, Tai
    "\ua980-\ua9cf\u1b00-\u1b4c"  # Javanese, Balinese
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff"
    "\U00016fe0-\U00018dff\U0001aff0-\U0001b2ff\U00020000-\U0003ffff"
)

#: What has no shape of its own (Default_Ignorable_Code_Point), and the Arabic stroke that makes a
#: word longer: a text with them is the text without them.
IGNORED_CHARACTERS = (
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


def _range(first: int, last: int) -> str:
    return re.escape(chr(first)) + "-" + re.escape(chr(last))


def _kinds(codes: range) -> str:
    """Return the first letter of the category of each character."""
    categories = "".join(map(category, map(chr, codes)))
    if codes is _EMOJI_BLOCKS:  # what this Python does not know yet is an emoji there
        categories = categories.replace("Cn", "So")
    return categories[::2]


@cache
def _all_kinds() -> tuple[tuple[range, str], ...]:
    return tuple((codes, _kinds(codes)) for codes in _LOOKED_THROUGH)


#: Runs of them, by the first letters of their categories.
_MARK_RUNS = re.compile("M+")
_SYMBOL_RUNS = re.compile("S+")


def _found(runs: re.Pattern[str]) -> str:
    """Return the characters of a kind.

    By their runs: going through 60,000 one by one takes 9 ms more.
    """
    return "".join(
        _range(codes[run.start()], codes[run.end() - 1])
        for codes, kinds in _all_kinds()
        for run in runs.finditer(kinds)
    )


@cache
def letter_marks() -> str:
    """Return the marks: what is written on, below or around a letter, vowel signs included."""
    return _found(_MARK_RUNS)


@cache
def word_symbols() -> str:
    """Return the symbols outside ASCII, emoji included, each a word of its own."""
    return _found(_SYMBOL_RUNS)


@cache
def joining_characters() -> str:
    """Return what belongs to the character before it.

    That is marks, vowels and ends of Korean syllables in all widths, and what has no shape.
    """
    korean = (
        _range(code, code)
        for part in _KOREAN_COMPATIBILITY
        for code in part
        if 0x1161 <= ord(normalize("NFKC", chr(code))) <= 0x11FF
    )
    joined = "\u1161-\u11ff\ud7b0-\ud7ff\uff9e\uff9f"
    return IGNORED_CHARACTERS + letter_marks() + joined + "".join(korean)


#: Letters outside ASCII that stay what they are when a text is folded, but for their case.
PLAIN_LETTERS = (
    "\u0410-\u0438\u043a-\u044f\u05d0-\u05ea\u0621\u0627-\u063a\u0641-\u0648\u3001-\u3004\u3041-\u3096"
    "\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
)
