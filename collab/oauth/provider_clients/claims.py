"""What a provider says about a person."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError

from ...core.schemas import Schema, line
from ...core.text.addresses import canonical
from ...frozen import frozen
from ..models import MAX_ISSUER_LENGTH, MAX_SUBJECT_LENGTH
from ..problems import ProviderFailed

#: Characters of a name; those of an account.
MAX_NAME_LENGTH = 100
#: Characters of an address as it may be sent (RFC 3696 erratum 1690 has 320 for the longest).
MAX_SENT_LENGTH = 320
#: Characters of what a person is called.
MAX_SHOWN_LENGTH = 254


class _Named(Schema):
    """A name, as accounts have them."""

    name = line(MAX_NAME_LENGTH, required=True)


@frozen
class Claims:
    """Who somebody is: the issuer's subject, and an address that may be theirs."""

    issuer: str
    subject: str
    #: As accounts spell it; None for none, or for one that nobody could have here.
    email: str | None
    #: Whether the provider says that the address is theirs.
    verified: bool
    name: str | None
    #: What the provider calls the person.
    shown: str


def of(
    issuer: str, subject: Any, *, email: Any, verified: bool, name: Any, shown: Any = None
) -> Claims:
    """Make claims of what a provider sent; raises ProviderFailed for a subject of no use.

    Of letters beyond ASCII two spellings may be one here and two mailboxes elsewhere, so such an
    address never counts as verified.
    """
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise ProviderFailed("The provider does not say who you are.")
    if len(issuer) > MAX_ISSUER_LENGTH:
        raise ProviderFailed("The provider's issuer is too long.")
    address, named = _address(email), _name(name)
    called = _name(shown) or address or named or subject
    plain = address is not None and email.isascii()
    return Claims(issuer, subject, address, verified and plain, named, called[:MAX_SHOWN_LENGTH])


def _address(sent: Any) -> str | None:
    try:
        return canonical(sent) if isinstance(sent, str) and len(sent) <= MAX_SENT_LENGTH else None
    except ValueError:
        return None


def _name(sent: Any) -> str | None:
    """Return a name if it is one that an account may have."""
    try:
        return str(_Named().load({"name": sent})["name"]) if isinstance(sent, str) else None
    except ValidationError:
        return None
