"""Where a text calls people by their @names, and which names a call may mean.

A name may have spaces, dots, apostrophes, marks and emoji, and Chinese has no space after it. So
what follows an @ may be a name up to several places: whoever looks it up takes the longest that
somebody has. It ends in no middle of a word, nor where a sign joins it to one: `@bob-marie`
and `@bob.smith` do not call Bob, `@bob's` and `@bob.` do.

An @ calls nobody within a word or an address (`a@b`, `a.@b`), in an address of the web, in code
between backticks or fences, and as the scope of a package (`@bob/tools`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..text.patterns import later
from .characters import RUN_LETTERS, joining_characters
from .folding import fold

#: Characters after an @ in which a name ends; an account's has 100.
MAX_WRITTEN_CHARACTERS = 120

_RUN = later(lambda: re.compile(f"[{RUN_LETTERS}]"))
_JOINING = later(lambda: re.compile(f"[{joining_characters()}]"))
_SPACES = re.compile(r"\s+")
_APOSTROPHES = re.compile("[\u2018\u2019\u02bc\uff07`\u00b4]")
#: What joins a name to a word directly after it, and what makes no call of an @ directly after it.
_JOINERS = "._+-'\u2019/\\@"
_BEFORE_NO_CALL = ".+-/\\@"
#: Of somebody: the end of a name all the same.
_POSSESSIVE = re.compile(r"['\u2019][sS](?!\w)")
#: How a web address begins, and what follows. One pattern of both would match the same, but the
#: test that every pattern takes linear time would need half a minute for it.
_BEGIN_OF_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.")
_REST_OF_ADDRESS = re.compile(r"[!-~]*")
#: The domain of an address whose mailbox is written without spaces: `用户@例子.公司`.
_DOMAIN = re.compile(r"@[^\s@.,:;!?]+\.\w")
_FENCE = re.compile(r"(?:[\s>]|[-*+][ \t]|[0-9]{1,9}[.)][ \t]){0,20}(`{3,}|~{3,})")
_TICKS = re.compile("`+")


class Called(NamedTuple):
    """A name as it was written, and where."""

    written: str
    begin: int
    end: int

    @property
    def key(self) -> str:
        """Return it as names are looked up by."""
        return call_key(self.written)

    @property
    def is_spaced(self) -> bool:
        """Return whether it has spaces: then the name must have the same."""
        return _SPACES.search(self.written) is not None


def call_key(name: str) -> str:
    """Return what names are looked up by: folded, without spaces and dots at the end."""
    return spelled(name).replace(" ", "")


def spelled(name: str) -> str:
    """Return a name folded, with its spaces."""
    plain = _SPACES.sub(" ", _APOSTROPHES.sub("'", fold(name))).strip()
    return plain.rstrip(". ") or plain


def calls(text: str) -> Iterator[list[Called]]:
    """Yield for each call in a text the names that it may mean, the longest first."""
    hidden, at = _hidden(text) if "@" in text else b"", -1
    while (at := text.find("@", at + 1)) >= 0:
        if not hidden[at] and _may_call(text, at):
            found = [Called(text[at + 1 : end], at, end) for end in _ends(text, at + 1)]
            if found:
                yield found[::-1]


def _is_word(character: str) -> bool:
    return character.isalnum() or _JOINING.match(character) is not None


def _may_call(text: str, at: int) -> bool:
    """Return whether an @ stands where it calls somebody."""
    before = text[at - 1 : at]
    if not before or before.isspace():
        return True
    if before == "/":  # `@alice/@bob` are two people, a path is none
        chunk = text[max(0, at - MAX_WRITTEN_CHARACTERS) : at].split()[-1]
        return chunk.startswith("@") and chunk.count("/") == 1
    if before == "_":
        return not _is_word(text[at - 2 : at - 1] or " ")
    if before in _BEFORE_NO_CALL:
        return False
    if _is_word(before):
        return _RUN.match(before) is not None and not _DOMAIN.match(text, at)
    return True


def _ends(text: str, begin: int) -> Iterator[int]:
    """Yield where a name may end that begins in a place."""
    # A name ends with its line at the latest, and what is looked at is bounded.
    line = text[begin : begin + MAX_WRITTEN_CHARACTERS].partition("\n")[0]
    if not line or line[0].isspace():
        return
    for end in range(begin + 1, begin + len(line) + 1):
        if not text[end - 1].isspace() and _may_end(text, end):
            yield end


def _may_end(text: str, end: int) -> bool:
    last, following = text[end - 1], text[end : end + 1]
    if not following:
        return True
    if _JOINING.match(following):
        return False
    if _is_word(following):
        if not _is_word(last) and last not in _JOINERS:
            return True
        return bool(_RUN.match(following) or _run_before(text, end))
    if following in _JOINERS:
        after = text[end + 1 : end + 2]
        joined = bool(after) and _is_word(after) and not _RUN.match(after)
        return not joined or _POSSESSIVE.match(text, end) is not None
    return True


def _run_before(text: str, end: int) -> bool:
    """Return whether a letter with its marks, which ends in a place, needs no space after it."""
    while end > 1 and _JOINING.match(text[end - 1]):
        end -= 1
    return _RUN.match(text[end - 1]) is not None


def _hidden(text: str) -> bytes:
    """Return for each character of a text whether it stands where nobody is called."""
    lines, fence = [], ""
    for line in text.splitlines(keepends=True):
        opened = _FENCE.match(line)
        if fence:
            lines.append(b"\1" * len(line))
            if line.lstrip("> \t").startswith(fence):
                fence = ""
        elif opened and "`" not in line[opened.end() :]:
            fence = opened[1]
            lines.append(b"\1" * len(line))
        else:
            lines.append(_hidden_in_line(line))
    return b"".join(lines)


def _hidden_in_line(line: str) -> bytes:
    found = bytearray(len(line))
    for begin, end in (*_addresses(line), *_code(line)):
        found[begin:end] = b"\1" * (end - begin)
    return bytes(found)


def _addresses(line: str) -> Iterator[tuple[int, int]]:
    """Yield where addresses of the web stand in a line."""
    end = 0
    while begin := _BEGIN_OF_ADDRESS.search(line, end):
        end = begin.end()
        if rest := _REST_OF_ADDRESS.match(line, end):
            end = rest.end()
        yield begin.start(), end


def _code(line: str) -> Iterator[tuple[int, int]]:
    """Yield where code stands in a line: between backticks, as many as before it."""
    runs = [match.span() for match in _TICKS.finditer(line)]
    closing: dict[int, list[int]] = {}
    for number, (begin, end) in reversed(list(enumerate(runs))):
        closing.setdefault(end - begin, []).append(number)
    number = 0
    while number < len(runs):
        begin, end = runs[number]
        # By length, and the nearest last: each run is looked at once, however many there are.
        same = closing[end - begin]
        while same and same[-1] <= number:
            same.pop()
        if same:
            number = same[-1]
            yield begin, runs[number][1]
        number += 1
