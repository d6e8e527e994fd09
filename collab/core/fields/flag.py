"""A boolean in a query string."""

from __future__ import annotations

from typing import Any

from marshmallow import fields


class Flag(fields.Boolean):
    """`true` or `false`, `1` or `0`, `yes` or `no`, `on` or `off`, in any case."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        written = value.strip().lower() if isinstance(value, str) else value
        return super()._deserialize(written, *args, **kwargs)
