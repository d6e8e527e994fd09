"""Classes of characters that Python's regular expressions have no names for, as parts of `[...]`.

They come from the Unicode data of the Python that runs. All this is pure: any part may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from unicodedata import category, normalize

#: No marks and no symbols are looked for after these: what follows has none, or is private.
_LOOKED_THROUGH = (range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xF900, 0x1FC00))
_EMOJI_BLOCKS = range(0x1F000, 0x1FB00)
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


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    first = last = -2
    for code in chain(codes, (-2,)):
        if code != last + 1:
            if first >= 0:
                yield re.escape(chr(first)) + "-" + re.escape(chr(last))
            first = code
        last = code


def _found(kinds: str) -> Iterator[tuple[int, str]]:
    """Yield the characters of some kinds, by the first letter of their category, and those.

    It goes through 140,000 characters, and none of them stays in memory.
    """
    for part in _LOOKED_THROUGH:
        for code in part:
            if (kind := category(chr(code)))[0] in kinds:
                yield code, kind


#: Marks: what is written on, below or around a letter, vowel signs included.
LETTER_MARKS = "".join(_ranges(code for code, _ in _found("M")))

#: Symbols outside ASCII, emoji included, each a word of its own: also those of blocks of emoji that
#: this Python does not know yet.
WORD_SYMBOLS = "".join(
    _ranges(
        code
        for code, kind in _found("SC")
        if kind[0] == "S" or (kind == "Cn" and code in _EMOJI_BLOCKS)
    )
)

#: What belongs to the character before it: marks, vowels and ends of Korean syllables in all their
#: widths, and what has no shape.
JOINING_CHARACTERS = (
    IGNORED_CHARACTERS
    + LETTER_MARKS
    + "\u1161-\u11ff\ud7b0-\ud7ff\uff9e\uff9f"
    + "".join(
        _ranges(
            code
            for part in _KOREAN_COMPATIBILITY
            for code in part
            if 0x1161 <= ord(normalize("NFKC", chr(code))) <= 0x11FF
        )
    )
)

#: Letters outside ASCII that stay what they are when a text is folded, but for their case.
PLAIN_LETTERS = (
    "\u0410-\u0438\u043a-\u044f\u05d0-\u05ea\u0621\u0627-\u063a\u0641-\u0648\u3001-\u3004\u3041-\u3096"
    "\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
)
