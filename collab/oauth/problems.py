"""What can go wrong between a person, a provider and us."""

from __future__ import annotations

from ..core.errors import ApiError, Conflict, Forbidden, Malformed, Unavailable
from ..provider_settings import ProviderSettings


class NotConfigured(ApiError):
    """This installation does not sign people in with this provider."""

    status = 501
    kind = "provider-not-configured"

    def __init__(self, provider: ProviderSettings) -> None:
        names = " and ".join(provider.setting_names)
        super().__init__(f"{provider.label} is not set up here: its settings are {names}.")


class ProviderUnavailable(Unavailable):
    """The provider does not answer: try again later, or sign in another way."""

    kind = "provider-unavailable"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, retry_after=10)


class ProvidersBusy(ProviderUnavailable):
    """Too many log-ins wait for a provider at once: try again shortly."""


class ProviderFailed(ApiError):
    """The provider's answer can't be used."""

    status = 502
    kind = "provider-failed"


class AttemptInvalid(Malformed):
    """This log-in was not started in this browser, is finished, or took too long: start again."""

    kind = "log-in-not-begun-here"


class Declined(Forbidden):
    """You did not let the provider say who you are, so nobody was signed in."""

    kind = "provider-declined"


class AddressNotVouched(Forbidden):
    """The provider does not say that your e-mail address is yours.

    Confirm it there, or make an account here with a password and link the provider to it.
    """

    kind = "address-not-vouched"


class PasswordNeeded(Conflict):
    """There is an account with this address: give its password once, and the two are linked."""

    kind = "password-needed"

    @classmethod
    def of(cls, email: str) -> PasswordNeeded:
        """Return it with the account's address."""
        made = cls()
        made.members = {"email": email}
        return made


class IdentityTaken(Conflict):
    """This identity signs in to another account here: unlink it there first."""

    kind = "identity-taken"


class TooManyIdentities(Conflict):
    """You have linked 10 identities: unlink one first."""
