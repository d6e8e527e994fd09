"""What happens to second factors, passkeys and personal tokens."""

from __future__ import annotations

from ...frozen import frozen
from ..corrections import EndConnections
from ..types import AccountEvent


@frozen(kw_only=True)
class TotpEnabled(AccountEvent):
    """A person's authenticator app counts from now on: log-ins ask for its code."""

    type = "account.totp_enabled"


@frozen(kw_only=True)
class TotpDisabled(AccountEvent):
    """A person turned the authenticator app off."""

    type = "account.totp_disabled"


@frozen(kw_only=True)
class RecoveryCodesRenewed(AccountEvent):
    """A person got new recovery codes; those before are no longer good."""

    type = "account.recovery_codes_renewed"


@frozen(kw_only=True)
class RecoveryCodeUsed(AccountEvent):
    """Somebody used one of the account's recovery codes; so many are left."""

    type = "account.recovery_code_used"
    left: int


@frozen(kw_only=True)
class PasskeyAdded(AccountEvent):
    """A person added a passkey."""

    type = "account.passkey_added"
    passkey_id: int
    name: str


@frozen(kw_only=True)
class PasskeyRemoved(AccountEvent):
    """A person removed a passkey."""

    type = "account.passkey_removed"
    passkey_id: int
    name: str


@frozen(kw_only=True)
class PasskeyRefused(AccountEvent):
    """A passkey signed, but its device's count went back: there may be a copy of its key."""

    type = "account.passkey_refused"
    passkey_id: int
    name: str


@frozen(kw_only=True)
class SecondFactorsRemoved(AccountEvent):
    """An admin took all second factors from an account: its password alone logs in again."""

    type = "account.second_factors_removed"


@frozen(kw_only=True)
class TokenCreated(AccountEvent):
    """A person made a personal token, which may do what its scopes say."""

    type = "account.token_created"
    token_id: int
    name: str
    scopes: list[str]


@frozen(kw_only=True)
class TokenRevoked(AccountEvent):
    """A personal token ended before its time: its connections end. `reason` says why.

    `session_id` is what its connections go by: its id below zero.
    """

    type = "account.token_revoked"
    corrects = EndConnections("session_id")
    token_id: int
    session_id: int
    name: str
    reason: str
