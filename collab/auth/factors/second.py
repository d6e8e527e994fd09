"""The second factors of an account, of any kind: showing, checking and removing them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select

from ...core.caller import Caller
from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...core.errors import Conflict, NotFound
from ...core.models import Id
from ...events import log
from ...events.catalogue.security import (
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    SecondFactorsRemoved,
    TotpDisabled,
    TotpEnabled,
)
from ...extensions import db
from ...frozen import frozen
from ..models import User
from . import recovery, totp
from .guesses import WrongCode
from .models import Passkey, RecoveryCode, Totp

#: What a code of an authenticator app looks like; anything else is taken as a recovery code.
APP_CODE = re.compile(r"[0-9]{6}")

TOTP = "totp"
PASSKEY = "passkey"
RECOVERY_CODE = "recovery_code"


class NoSecondFactor(Conflict):
    """This account has no second factor, so it has no use for recovery codes."""


@frozen
class Overview:
    """What protects an account besides its password."""

    #: Since when the authenticator app counts.
    totp_since: datetime | None
    passkeys: int
    recovery_codes_left: int

    @property
    def required(self) -> bool:
        """Return whether a password alone no longer logs in."""
        return self.totp_since is not None or self.passkeys > 0

    @property
    def methods(self) -> list[str]:
        """Return what a log-in can be completed with."""
        has = {
            TOTP: self.totp_since is not None,
            PASSKEY: self.passkeys > 0,
            RECOVERY_CODE: self.required and self.recovery_codes_left > 0,
        }
        return [name for name, there in has.items() if there]


def _asked() -> Select[Any]:
    """Query everything at once, as each log-in needs it."""
    whose = bindparam("user_id", type_=Id)
    asked = {
        "totp_since": select(Totp.confirmed_at).where(Totp.user_id == whose),
        "passkeys": select(func.count()).where(Passkey.user_id == whose),
        "recovery_codes_left": select(func.count()).where(RecoveryCode.user_id == whose),
    }
    return select(*(one.scalar_subquery().label(name) for name, one in asked.items()))


_OVERVIEW = Compiled(_asked())


def overview(user_id: int) -> Overview:
    """Return what protects an account, as it is now."""
    db.session.flush()  # changes made in this transaction count
    return Overview(*_OVERVIEW.one({"user_id": user_id}))


def take_code(user_id: int, code: str) -> None:
    """Accept a code of the app, or a recovery code, in the open transaction, under the lock.

    Raises WrongCode, TooManyGuesses.
    """
    # Apps show codes in groups, and people copy them so.
    written = code.replace(" ", "")
    if APP_CODE.fullmatch(written):
        found = totp.load(user_id)
        if found is None:
            raise WrongCode()
        totp.take(found, written)
    elif recovery.use(user_id, written):
        log.record(RecoveryCodeUsed(user_id=user_id, left=recovery.left(user_id)), actor=user_id)
    else:
        raise WrongCode()


def confirm_totp(caller: Caller, code: str) -> list[str]:
    """Activate the caller's app; returns recovery codes, if the account had none.

    Raises NothingToConfirm, WrongCode.
    """
    take_write_lock()
    totp.confirm(caller.user_id, code.replace(" ", ""))
    codes = first_codes(caller.user_id)
    log.record(TotpEnabled(user_id=caller.user_id), actor=caller.user_id)
    db.session.commit()
    return codes


def first_codes(user_id: int) -> list[str]:
    """Give recovery codes to an account that has none, in the open transaction."""
    if recovery.left(user_id):
        return []
    return recovery.renew(user_id)


def disable_totp(user: User) -> None:
    """Turn the app off in the transaction that `confirming` opened; commits; raises NotFound."""
    if totp.load(user.id) is None:
        raise NotFound("There is no authenticator app to turn off.")
    db.session.execute(delete(Totp).where(Totp.user_id == user.id))
    tidy(user.id)
    log.record(TotpDisabled(user_id=user.id), actor=user.id)
    db.session.commit()


def renew_codes(user: User) -> list[str]:
    """Give new recovery codes in the transaction that `confirming` opened; commits.

    Raises NoSecondFactor.
    """
    if not overview(user.id).required:
        raise NoSecondFactor()
    codes = recovery.renew(user.id)
    log.record(RecoveryCodesRenewed(user_id=user.id), actor=user.id)
    db.session.commit()
    return codes


def tidy(user_id: int) -> None:
    """Delete the recovery codes of an account without a second factor, in the open transaction."""
    if not overview(user_id).required:
        recovery.forget_all(user_id)
        log.outdate_callers()  # they may have been let in because they had one


def reset(user_id: int, admin_id: int | None) -> bool:
    """Remove all second factors of an account; returns whether there were any; raises NotFound."""
    take_write_lock()
    if db.session.get(User, user_id) is None:
        raise NotFound()
    had = _remove_all(user_id, admin_id)
    db.session.commit()
    return had


def close(user_id: int) -> None:
    """Remove them from an account just proved to be its owner's, in the open transaction."""
    _remove_all(user_id, None)


def _remove_all(user_id: int, actor: int | None) -> bool:
    had = overview(user_id).required
    for table in (Totp, Passkey):
        db.session.execute(delete(table).where(table.user_id == user_id))
    recovery.forget_all(user_id)
    if had:
        log.outdate_callers()
        log.record(SecondFactorsRemoved(user_id=user_id), actor=actor)
    return had
