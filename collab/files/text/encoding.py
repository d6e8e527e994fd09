"""Changes as they are sent and stored: steps with their texts as real strings."""

from __future__ import annotations

from typing import Any

from .delta import Delta, normal
from .units import from_units, to_units

#: Units inserted by one change past which its events don't carry it.
MAX_SENT_UNITS = 64 * 1024
#: Steps of one change past which they don't either: as JSON each takes some 15 bytes.
MAX_SENT_STEPS = 4096


def stored(delta: Delta) -> list[Any]:
    """Return a delta for the database: texts, and numbers as in `delta`."""
    return [from_units(step) if isinstance(step, str) else step for step in delta]


def loaded(steps: list[Any]) -> Delta:
    """Read a delta from the database."""
    return tuple(to_units(step) if isinstance(step, str) else step for step in steps)


def edits_of(delta: Delta) -> list[dict[str, Any]]:
    """Return a delta as its readers get it: `retain`, `insert` and `delete`."""
    return [_edit(step) for step in delta]


def _edit(step: int | str) -> dict[str, Any]:
    if isinstance(step, str):
        return {"insert": from_units(step)}
    return {"retain": step} if step > 0 else {"delete": -step}


def told(delta: Delta) -> list[dict[str, Any]] | None:
    """Return a delta for an event; None if it is too long."""
    length = sum(len(step) for step in delta if isinstance(step, str))
    return edits_of(delta) if length <= MAX_SENT_UNITS and len(delta) <= MAX_SENT_STEPS else None


def delta_of(edits: list[dict[str, Any]]) -> Delta:
    """Return what somebody sent as a delta; raises ValueError for half a character."""
    steps: list[int | str] = []
    for edit in edits:
        if "insert" in edit:
            from_units(edit["insert"])
            steps.append(to_units(edit["insert"]))
        else:
            steps.append(edit.get("retain", 0) - edit.get("delete", 0))
    return normal(steps)
