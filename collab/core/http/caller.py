"""Who calls with the present request; `auth` has noted it."""

from __future__ import annotations

from flask import g

from ..caller import Caller, act_as
from ..errors import Unauthorized


def caller() -> Caller:
    """Return who calls; raises Unauthorized for nobody, or what was wrong with their token."""
    found = optional_caller()
    if found is None:
        raise g.get("refusal") or Unauthorized()
    # From here on whatever is written counts as theirs, and is looked up again under the lock.
    act_as(found)
    return found


def optional_caller() -> Caller | None:
    """Return who calls, or None."""
    found: Caller | None = g.get("caller")
    return found
