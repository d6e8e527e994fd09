"""How ids are written in paths."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter, Map

from ...schemas import MAX_ID


class IdConverter(IntegerConverter):
    """A resource's id: 1 to 2^63-1, without leading zeros. Anything else is no path of ours."""

    regex = r"[1-9]\d{0,18}"

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=MAX_ID)
