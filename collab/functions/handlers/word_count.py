"""Count the lines, words and characters of a text, and its most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from unicodedata import category

_MARKS = "".join(chr(code) for code in range(0x300, 0x1F000) if category(chr(code))[0] == "M")
#: Letters and digits with their marks, and what joins or parts letters within a word.
_LETTERS = rf"(?:\w[{_MARKS}\u200c\u200d]*)+"
#: A word, of any script; an apostrophe within it belongs to it.
WORD_PATTERN = re.compile(rf"{_LETTERS}(?:['\u2019]{_LETTERS})*")
MAX_WORDS_LISTED = 100


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take `{"text": ..., "top": 10}`; words are compared without regard to case."""
    text: Any = event.get("text")
    top: Any = event.get("top", 10)
    if not isinstance(text, str):
        context.fail("`text` must be a text.", code="bad_event")
    if type(top) is not int or not 0 <= top <= MAX_WORDS_LISTED:
        context.fail(
            f"`top` must be a whole number from 0 to {MAX_WORDS_LISTED}.", code="bad_event"
        )
    counts = Counter(word.casefold() for word in WORD_PATTERN.findall(text))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "lines": len(text.splitlines()),
        "words": counts.total(),
        "characters": len(text),
        "top": [{"word": word, "count": count} for word, count in ranked[:top]],
    }
