"""The type of a problem: its address, and what its page says."""

from __future__ import annotations

from ...frozen import frozen

#: Below this each type has its address. It is relative, as a server knows no name of its own: what
#: a caller says in `Host` would stand in answers that others are given again.
PROBLEMS_PATH = "/problems"


@frozen
class ProblemType:
    """A kind of problem: what it means, and what to do about it."""

    slug: str
    status: int
    title: str
    meaning: str
    remedy: str

    @property
    def address(self) -> str:
        """Return its URI reference: `type` of the problems of this kind."""
        return f"{PROBLEMS_PATH}/{self.slug}"
