"""Authenticator apps: codes that change with time (TOTP, RFC 6238), each accepted once."""

from __future__ import annotations

import hmac
import logging
import time
from io import BytesIO

from flask import Flask

from ...core import sealing
from ...core.errors import Conflict
from ...core.models import utcnow
from ...extensions import db
from ...frozen import frozen
from ..models import User
from . import guesses
from .guesses import WrongCode
from .models import Totp

logger = logging.getLogger(__name__)

#: What secrets are sealed for.
SECRET_PURPOSE = "totp secret"  # noqa: S105
#: Seconds that a code is shown (RFC 6238 §5.2).
STEP_S = 30
#: Steps that a device's clock may be fast or slow. One either way is what RFC 6238 §5.2 recommends.
MAX_DRIFT_STEPS = 1
#: What apps show beside the address.
ISSUER_NAME = "Collab"


class TotpOn(Conflict):
    """This account already has an authenticator app: turn it off first."""


class NothingToConfirm(Conflict):
    """There is no authenticator app to confirm: begin with `POST /auth/totp`."""


@frozen
class Enrolment:
    """What an app needs, shown once."""

    #: Base 32, for typing in.
    secret: str
    #: The same as an address (`otpauth://totp/…`), which apps read from the QR code.
    uri: str
    #: The QR code, an SVG.
    qr: str


def init_app(app: Flask) -> None:
    """Declare that secrets are kept sealed, so that they are resealed under a new key."""
    sealing.keeps_sealed(app, Totp.secret, SECRET_PURPOSE)


def load(user_id: int) -> Totp | None:
    """Return a person's app if it is active, as it is now."""
    totp = db.session.get(Totp, user_id, populate_existing=True)
    return totp if totp is not None and totp.confirmed_at is not None else None


def enrol(user: User) -> Enrolment:
    """Enrol an app, which is active once `confirm` got a code from it; commits; raises TotpOn."""
    if load(user.id) is not None:
        raise TotpOn()
    import pyotp  # here and below: few people enrol an app, and most servers see none

    secret = pyotp.random_base32()
    sealed = sealing.seal(secret, purpose=SECRET_PURPOSE)
    # Merged: an enrolment that was never confirmed starts over.
    db.session.merge(Totp(user_id=user.id, secret=sealed, created_at=utcnow(), last_step=0))
    db.session.commit()
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER_NAME)
    return Enrolment(secret, uri, _picture(uri))


def confirm(user_id: int, code: str) -> None:
    """Activate an app, in the open transaction; raises NothingToConfirm, WrongCode."""
    totp = db.session.get(Totp, user_id, populate_existing=True)
    if totp is None or totp.confirmed_at is not None:
        raise NothingToConfirm()
    step = step_of(_secret(totp), code, time.time())
    if step is None:
        raise WrongCode()
    totp.confirmed_at, totp.last_step = utcnow(), step


def take(totp: Totp, code: str) -> None:
    """Accept a code in the open transaction, under the lock; a wrong one is counted and committed.

    Raises WrongCode, TooManyGuesses.
    """
    now = utcnow()
    guesses.require_turn(totp, now)
    step = step_of(_secret(totp), code, now.timestamp())
    # A code that was used counts as wrong (RFC 6238 §5.2): somebody who saw it typed can't reuse
    # it.
    if step is None or step <= totp.last_step:
        guesses.count(totp, now)
        db.session.commit()
        raise WrongCode()
    totp.last_step = step
    guesses.forgive(totp)


def step_of(secret: str, code: str, now: float) -> int | None:
    """Return the time step, among those near now, whose code this is; None if there is none."""
    import pyotp

    made, present = pyotp.TOTP(secret, interval=STEP_S), int(now) // STEP_S
    near = range(present - MAX_DRIFT_STEPS, present + MAX_DRIFT_STEPS + 1)
    # All of them, each in constant time: timing shows neither which step it was nor how close.
    found = [one for one in near if hmac.compare_digest(made.generate_otp(one), code)]
    # The newest of those that match: an older one would leave the same code valid once more.
    return max(found, default=None)


def _secret(totp: Totp) -> str:
    """Return the secret; raises WrongCode if the key that sealed it is gone: no code is right."""
    try:
        return sealing.unseal(totp.secret, purpose=SECRET_PURPOSE)
    except sealing.Unsealable:
        logger.error("no key opens the authenticator app of person %d", totp.user_id)
        raise WrongCode() from None


def _picture(uri: str) -> str:
    import segno

    made, out = segno.make(uri, error="m", micro=False), BytesIO()
    made.save(out, kind="svg", xmldecl=False, nl=False, dark="#000", light="#fff", omitsize=True)
    return out.getvalue().decode()
