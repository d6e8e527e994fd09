"""What happens to accounts and sessions."""

from __future__ import annotations

from ...frozen import frozen
from ..close_codes import RIGHTS_CHANGED
from ..corrections import EndConnections
from ..types import AccountEvent


@frozen(kw_only=True)
class AccountRegistered(AccountEvent):
    """A person registered."""

    type = "account.registered"
    role: str


@frozen(kw_only=True)
class AccountUpdated(AccountEvent):
    """A person changed what others see of the account."""

    type = "account.updated"
    name: str


@frozen(kw_only=True)
class AccountDisabled(AccountEvent):
    """An admin disabled an account: its connections end."""

    type = "account.disabled"
    corrects = EndConnections("user_id")


@frozen(kw_only=True)
class AccountEnabled(AccountEvent):
    """An admin enabled a disabled account again."""

    type = "account.enabled"


@frozen(kw_only=True)
class AccountErased(AccountEvent):
    """An account and everything that was only its person's are gone; only the id is left."""

    type = "account.erased"


@frozen(kw_only=True)
class AccountRoleChanged(AccountEvent):
    """An admin changed an account's global role: its connections end and must be opened again."""

    type = "account.role_changed"
    corrects = EndConnections("user_id", RIGHTS_CHANGED)
    role: str


@frozen(kw_only=True)
class PasswordChanged(AccountEvent):
    """A person changed their password; their other sessions ended."""

    type = "account.password_changed"


@frozen(kw_only=True)
class IdentityLinked(AccountEvent):
    """An identity at another service was linked: its owner there can sign in to the account.

    `by` is asked (somebody signed in wanted it), password (given once), address (both sides have
    verified it) or registration (it created the account).
    """

    type = "account.identity_linked"
    identity_id: int
    provider: str
    by: str


@frozen(kw_only=True)
class EmailChanged(AccountEvent):
    """A person gave the account another e-mail address, and proved that they read it."""

    type = "account.email_changed"


@frozen(kw_only=True)
class IdentityUnlinked(AccountEvent):
    """A person unlinked an identity: it no longer signs in to the account."""

    type = "account.identity_unlinked"
    identity_id: int
    provider: str


@frozen(kw_only=True)
class PasswordResetRequested(AccountEvent):
    """Somebody asked for a new password; a link was sent to the account's address."""

    type = "account.password_reset_requested"


@frozen(kw_only=True)
class EmailVerified(AccountEvent):
    """A person proved that they read what is sent to their address."""

    type = "account.email_verified"


@frozen(kw_only=True)
class SessionStarted(AccountEvent):
    """Somebody logged in to the account; `by` and `factor` say how."""

    type = "session.started"
    session_id: int
    #: `registration`, `password`, `provider` or `passkey`.
    by: str
    #: The second factor, if one was asked for: `code` or `passkey`.
    factor: str | None = None


@frozen(kw_only=True)
class SessionRevoked(AccountEvent):
    """A session ended early: its connections end. `reason` says why."""

    type = "session.revoked"
    corrects = EndConnections("session_id")
    session_id: int
    reason: str
