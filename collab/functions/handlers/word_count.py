"""Count the lines, words and characters of a text, and its most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

#: A word: letters, digits and marks of any script; an apostrophe within it belongs to it.
WORD_PATTERN = re.compile(r"\w+(?:['\u2019]\w+)*")
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
