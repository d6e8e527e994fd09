"""Who makes the present request; `auth` has noted it."""

from __future__ import annotations

from flask import g

from ..caller import Caller, act_as
from ..errors import Unauthorized


def caller() -> Caller:
    """Return the caller; raises Unauthorized for nobody, or what is wrong with their token."""
    found = optional_caller()
    if found is None:
        raise g.get("refusal") or Unauthorized()
    # From here on all writes count as theirs, and they are looked up again under the lock.
    act_as(found)
    return found


def optional_caller() -> Caller | None:
    """Return the caller, or None."""
    found: Caller | None = g.get("caller")
    return found
