"""A field for objects whose members have any names, but not any number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import marshmallow as ma
from marshmallow import fields


class ShortDict(fields.Dict):
    """An object of at most so many members, which are counted first."""

    def __init__(self, most: int, *, metadata: dict[str, Any], **options: Any) -> None:
        super().__init__(metadata={"maxProperties": most} | metadata, **options)
        self._most = most

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping) and len(value) > self._most:
            raise ma.ValidationError(f"Must have at most {self._most:,} members.")
        found: dict[Any, Any] = cast(Any, super())._deserialize(value, *args, **kwargs)
        return found
