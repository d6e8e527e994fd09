"""What a search asks for, and how that is written for FTS5."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from ..text.patterns import later
from .characters import RUN_LETTERS, joining_characters
from .splitting import parts, words

#: Words that are considered, including those of phrases; the rest of a search is left out.
MAX_WORDS = 16

#: The columns of the index that have texts.
TEXT_COLUMNS = "title body tags"

#: A plain or excluded "quoted phrase", or a word; `--verbose` is a word.
_TERM = re.compile(r'((?:-(?!-))?)(?:"([^"]*)"?|([^\s"]+))')
_ENDS_IN_WORD = later(lambda: re.compile(rf"[^\W_][{joining_characters()}]*$"))
_RUN = later(lambda: re.compile(f"[{RUN_LETTERS}]"))


class Term(NamedTuple):
    """Words that a search wants to stand together."""

    words: tuple[str, ...]
    #: Whether the last of them may be the beginning of a word.
    begun: bool = False
    #: The parts of a word in camel case, which may stand together instead: `a_b` is found by `aB`.
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in the language of FTS5: in its strings nothing has a meaning."""
        several = [f'"{" ".join(one)}"' + " *" * self.begun for one in self.ways]
        return several[0] if len(several) == 1 else f"({' OR '.join(several)})"

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """Return the words, and what may stand there instead."""
        return (self.words, self.parts) if self.parts else (self.words,)


class Asked(NamedTuple):
    """A search: what must be there, and what must not."""

    wanted: list[Term]
    excluded: list[Term]


def read(text: str) -> Asked:
    """Read a search.

    All words must occur, the last one may be the beginning of a word (a single Latin letter is
    none: too many words begin with it); "quoted words" must stand together; a `-` before either
    excludes. Nothing else has a meaning. A word wanted twice is looked for once: ranking takes time
    for each.
    """
    kept: dict[bool, dict[tuple[str, ...], Term]] = {True: {}, False: {}}
    last: tuple[Term, str] | None = None
    room = MAX_WORDS
    for sign, phrase, word in islice(_TERM.findall(_plain(text)), 10 * MAX_WORDS):
        if not (term := _term(phrase or word, room)).words:
            continue
        room -= len(term.words)
        terms = kept[not sign]
        terms.pop(term.words, None)
        terms[term.words] = term
        if not sign:
            last = term, word
        if room <= 0:
            break
    if last is not None and _is_begun(*last):
        kept[True][last[0].words] = last[0]._replace(begun=True)
    return Asked(list(kept[True].values()), list(kept[False].values()))


def _term(text: str, room: int) -> Term:
    found = tuple(words(text)[:room])
    several = [tuple(part.text for part in word) for word in parts(text)]
    return Term(found, parts=several[0] if len(several) == len(found) == 1 else ())


def _is_begun(term: Term, text: str) -> bool:
    """Return whether a word as it was typed may go on; a quoted phrase has no such text."""
    last = term.words[-1]
    if not _ENDS_IN_WORD.search(text) or _RUN.match(last):
        return False
    return len(last) > 1 or not last.isascii()


def _plain(text: str) -> str:
    """Return a text without what SQLite can't take: NUL ends it, lone surrogates are not UTF-8."""
    return text.replace("\0", " ").encode(errors="replace").decode()


def expression(text: str) -> str:
    """Return a search as FTS5 reads it, empty if no word in it is looked for."""
    asked = read(text)
    return in_fts5(asked) if asked.wanted else ""


def in_fts5(asked: Asked) -> str:
    """Return a search in which something is wanted as FTS5 reads it."""
    query = wanted_in_fts5(asked)
    return query + "".join(f" NOT {_in(TEXT_COLUMNS, str(one))}" for one in asked.excluded)


def wanted_in_fts5(asked: Asked, columns: str = TEXT_COLUMNS) -> str:
    """Return what is wanted in some columns as FTS5 reads it, without what is excluded."""
    return _in(columns, " AND ".join(map(str, asked.wanted)))


def _in(columns: str, query: str) -> str:
    return f"{{{columns}}} : ({query})"
