"""A problem type: its address, and what its page says."""

from __future__ import annotations

from ...frozen import frozen

#: The address of each type is below this. It is relative, as a server does not know its own name: a
#: caller's `Host` would end up in answers that are given to others again.
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
