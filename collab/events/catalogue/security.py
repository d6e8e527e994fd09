"""What happens to second factors, passkeys and personal tokens."""

from __future__ import annotations

from ...frozen import frozen
from ..corrections import EndConnections
from ..types import AccountEvent


@frozen(kw_only=True)
class TotpEnabled(AccountEvent):
    """A person turned an authenticator app on: log-ins ask for its code from now on."""

    type = "account.totp_enabled"


@frozen(kw_only=True)
class TotpDisabled(AccountEvent):
    """A person turned the authenticator app off."""

    type = "account.totp_disabled"


@frozen(kw_only=True)
class RecoveryCodesRenewed(AccountEvent):
    """A person got new recovery codes; the previous ones are no longer valid."""

    type = "account.recovery_codes_renewed"


@frozen(kw_only=True)
class RecoveryCodeUsed(AccountEvent):
    """Somebody used one of the account's recovery codes; `left` says how many remain."""

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
    """A passkey signed, but its device's counter went back: there may be a copy of its key."""

    type = "account.passkey_refused"
    passkey_id: int
    name: str


@frozen(kw_only=True)
class SecondFactorsRemoved(AccountEvent):
    """An admin removed all second factors of an account: its password alone is enough again."""

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
    """A personal token ended early: its connections end. `reason` says why.

    `session_id` identifies its connections: the token's id, negated.
    """

    type = "account.token_revoked"
    corrects = EndConnections("session_id")
    token_id: int
    session_id: int
    name: str
    reason: str
