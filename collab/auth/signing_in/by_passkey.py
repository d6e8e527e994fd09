"""Signing in with a passkey alone: it is two factors in one, the device and what unlocks it."""

from __future__ import annotations

from typing import Any

from ...core.errors import Unauthorized
from .. import refusals
from ..factors import ceremonies, passkeys
from ..factors.proofs import Purpose
from ..sessions import Client, SignedIn
from . import completing
from .completing import Way

#: What the audit shows as the address if the passkey belongs to nobody.
UNKNOWN_ADDRESS = "(a passkey)"


def options(client: Client) -> dict[str, Any]:
    """Return what a browser requests from its devices, the same for everybody; raises NoDomain."""
    found = ceremonies.to_sign(client.host, Purpose.PASSKEY_LOG_IN)
    if found is None:
        raise ceremonies.NoDomain()
    return found


def log_in(credential: dict[str, Any], client: Client) -> SignedIn:
    """Sign in; raises ProofRefused, PasskeyRefused, Disabled."""
    email = UNKNOWN_ADDRESS
    try:
        user = passkeys.take(credential, client, Purpose.PASSKEY_LOG_IN)
        email = user.email
        return completing.complete(user, client, by=Way.PASSKEY)
    except Unauthorized as error:
        refusals.log_in(email, error)
        raise
