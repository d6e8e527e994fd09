"""What ends with an account: higher packages register what disabling somebody stops."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from ...core.slots import Contributions
from ...core.usage import quota
from ...extensions import db

#: Called with the person and the admin in the transaction that disables an account, and before
#: that, each time in a transaction of its own, as long as it returns that there is more to end than
#: one transaction should. It commits nothing itself, and reports what it ends by events.
Ending = Callable[[int, int], bool]

_ENDINGS: Contributions[Ending] = Contributions("endings with an account")


def on_disabled(app: Flask, callback: Ending) -> None:
    """Let a package end what it does for a person when their account is disabled.

    Whatever acts in somebody's name without a request of theirs belongs here: waiting jobs,
    deliveries, tokens. Sessions, sockets and streams end anyway.
    """
    _ENDINGS.add(app, callback)


def end_some_of(user_id: int, actor: int) -> bool:
    """End a part of what goes on for a person, in the open transaction.

    Returns whether there is more.
    """
    # Ending these writes events: a full quota must not keep them going.
    quota.let_pass(db.session())
    more = [callback(user_id, actor) for callback in _ENDINGS]
    return any(more)
