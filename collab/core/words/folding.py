"""What makes two texts one to people who search: case, accents, width and ligatures do not count.

A text is composed as NFKC_Casefold says (Unicode §5.18): full-width forms, ligatures and case are
gone, `ß` is `ss`, the final sigma a sigma, and what has no shape is left out. Then the accents go,
in scripts in which words are written with and without them:

- Latin and Greek: all of them. Letters whose stroke Unicode takes for a part of them (`ł`, `ø`,
  `đ`, `ı`) lose it, too, and `æ` and `œ` are two.
- Cyrillic: the stress, and the dots of `ё`, which are left out in most texts. Others make another
  letter: `й` is not `и`, `ї` not `і`, `ў` not `у`.
- Arabic, Hebrew and Syriac: vowel signs and points. `أ`, `إ`, `آ` and `ٱ` are written as `ا` by
  many, and the Persian `ی` and `ک` look like `ي` and `ك`.

In all others marks are letters: without its vowel signs `दिन`, a day, would be `दान`, a gift.
"""  # noqa: RUF002

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category, normalize

from ..text.patterns import later
from .characters import IGNORED_CHARACTERS, PLAIN_LETTERS, joining_characters

#: Marks of one letter that are looked at, as in UAX #15 (Stream-Safe Text Format): putting many in
#: order takes the square of how many they are.
MAX_MARKS = 30
#: Characters that one becomes at the most; a few ligatures are whole sentences.
MAX_EXPANSION = 8
MAX_KEPT_CLUSTERS = 2**14


def _odd(joining: str) -> str:
    """Return what is not the same when it is folded: a character and what joins it."""
    return (
        f"[^\0-\x7f{PLAIN_LETTERS}{joining}][{joining}]{{0,{MAX_MARKS}}}"
        f"|[\0-\x7f{PLAIN_LETTERS}][{joining}]{{1,{MAX_MARKS}}}|[{joining}]{{1,{MAX_MARKS}}}"
    )


_ODD = later(lambda: re.compile(_odd(joining_characters())))
_IGNORED = re.compile(f"[{IGNORED_CHARACTERS}]+")

#: Accents of any script, and the vowel signs and points of some.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u08d3-\u08e1\u08e3-\u08ff\u0711\u0730-\u074a]"
)
_CYRILLIC = re.compile("[\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f]")
#: Cyrillic letters whose mark is none of their own, and that mark; None: whichever letter it is.
_CYRILLIC_ACCENTS = {"\u0300": None, "\u0301": "аеиоуыэюяіє\u0463\u0475", "\u0308": "\u0435"}
#: Arabic alefs that carry something.
_ALEF = "\u0627"
_ON_ALEF = "\u0653\u0654\u0655"

_LETTERS = str.maketrans(
    {
        **dict(zip("łøđðħŧı\u0268\u0289ƶ", "lodðhti\u0268uz", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "\u0268": "i",
        "\u0671": _ALEF,
        "\u0649": "\u064a",
        "\u06cc": "\u064a",
        "\u06a9": "\u0643",
        "™": " ",
        "℠": " ",
    }
)


def fold(text: str) -> str:
    """Return a text in the form in which it is searched; folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    return _ODD.sub(_folded, text).lower()


def folded_with_places(text: str) -> tuple[str, list[int] | None]:
    """Return a text folded, and where each of its characters begins in the text; None: there."""
    if text.isascii():
        return text.lower(), None
    parts, places, at = [], list[int](), 0
    for match in _ODD.finditer(text):
        begin, end = match.span()
        parts.append(text[at:begin].lower())
        places += range(at, begin)
        parts.append(_folded(match).lower())
        places += [begin] * len(parts[-1])
        at = end
    parts.append(text[at:].lower())
    places += range(at, len(text) + 1)
    return "".join(parts), places


def _folded(match: re.Match[str]) -> str:
    cluster = match[0]
    return _kept(cluster) if len(cluster) <= MAX_EXPANSION else _of_cluster(cluster)


def _of_cluster(cluster: str) -> str:
    before, shaped = "", cluster.translate(_LETTERS)
    while shaped != before:
        before = shaped
        composed = normalize("NFKC", normalize("NFKC", _IGNORED.sub("", shaped)).casefold())
        bare = "".join(_bare(normalize("NFD", _IGNORED.sub("", composed))))
        shaped = normalize("NFC", bare).translate(_LETTERS)
    return shaped[: len(cluster) + MAX_EXPANSION]


_kept = lru_cache(MAX_KEPT_CLUSTERS)(_of_cluster)


def _bare(decomposed: str) -> list[str]:
    """Return the characters of a text without its accents."""
    base, found = "", []
    for one in decomposed:
        if category(one)[0] != "M":
            base = one
        elif _is_accent(one, base):
            continue
        found.append(one)
    return found


def _is_accent(mark: str, base: str) -> bool:
    if _CYRILLIC.match(base):
        letters = _CYRILLIC_ACCENTS.get(mark, "")
        return letters is None or base in letters
    if mark in _ON_ALEF:
        return base == _ALEF
    return _ACCENTS.match(mark) is not None
