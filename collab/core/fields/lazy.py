"""Schemas that make their fields when something asks for them."""

from __future__ import annotations

from typing import Any

import marshmallow as ma


class LazySchema(ma.Schema):
    """A schema that is nothing but its class until it is used.

    A start makes four hundred, one for each route, and most are not used for a long time.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "fields" in vars(self):
            raise AttributeError(name)
        ready = object.__new__(type(self))
        ma.Schema.__init__(ready, **self._options)
        vars(self).update(vars(ready))  # at once, since another thread may ask, too
        return getattr(self, name)
