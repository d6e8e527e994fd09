"""How the matches of a search are put in order."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Ranking(Enum):
    """Where a row's score comes from."""

    #: From the statement that finds it.
    WITHIN = auto()
    #: From another one, whose expression has only the words.
    APART = auto()
    #: From the statement that finds it, which is not restricted to places: so few rows match that
    #: each is looked up.
    FEW = auto()
    #: From whether all words are in its title: each is in too many rows to count them.
    TITLES = auto()


class Scoring(NamedTuple):
    """How the matches of a search are scored."""

    ranking: Ranking
    #: For Ranking.APART and FEW, the expression of the words that count.
    words: str = ""
    #: For Ranking.APART, whether so few rows match that places would cost more than they save.
    few: bool = False
    #: For Ranking.FEW, what the words of a row have to have besides, after a space; empty: nothing.
    begun: str = ""
