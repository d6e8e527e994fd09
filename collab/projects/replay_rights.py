"""Checking again the rights by which something was done, before its answer is repeated."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..core.caller import Caller
from ..core.idempotency import Used
from ..core.models import Model
from . import access
from .access import Right


class LookAgain:
    """Looks up rights that `access` noted; a table's name stands for the model of its rows."""

    @cached_property
    def _models(self) -> dict[str, Any]:
        """Return the models of all packages, which have been imported by the first answer."""
        return {one.class_.__tablename__: one.class_ for one in Model.registry.mappers}

    def __call__(self, used: Used, caller: Caller) -> None:
        """Look up a right that the caller has used before; raises NotFound and Forbidden."""
        kind, key, right = used
        if isinstance(key, str):
            access.place(key, caller, can=Right(right))
        else:
            access.load(self._models[kind], key, caller, can=Right(right))
