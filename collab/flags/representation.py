"""A feature flag as one person sees it."""

from __future__ import annotations

from dataclasses import asdict

from ..core.models import entity_tag
from ..frozen import frozen
from .service import Flag


@frozen
class FlagView(Flag):
    """A flag, and whether the reader has the feature."""

    on: bool = False

    @property
    def etag(self) -> str:
        """The tag of what is shown."""
        return entity_tag("Flag", self)


def shown(flag: Flag, user_id: int) -> FlagView:
    """Return a flag for a reader."""
    return FlagView(**asdict(flag), on=flag.on_for(user_id))
