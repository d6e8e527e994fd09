"""The passkey ceremonies (W3C Web Authentication, Level 3), by the library.

Data from a browser is examined only here. A page belongs to this service if its origin is the
address that the request was sent to: with https, or with http on `localhost`, where browsers allow
passkeys as well. The domain of the keys is PASSKEY_DOMAIN, or the host of that address.

The library is imported where it is used: with its certificate handling it is large, and most
servers see no passkey for a long time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ...core.errors import Conflict, Unauthorized
from ...core.slots import setting
from ...frozen import frozen
from ..models import User
from . import proofs
from .proofs import Proof, Purpose

logger = logging.getLogger(__name__)

#: What devices show as the name of the service.
SERVICE_NAME = "Collab"
#: What browsers accept as this machine, without TLS (Secure Contexts §3.1).
LOCAL_SUFFIX = ".localhost"
LOCAL_NAME = "localhost"
#: Maximum bytes of what a browser sends for a ceremony.
MAX_CREDENTIAL_BYTES = 16 * 1024


class PasskeyRefused(Unauthorized):
    """The passkey is not known here, or did not sign what it was asked to: start again."""

    kind = "passkey-refused"


class NoDomain(Conflict):
    """Passkeys need a host name, such as localhost: don't open the service by its IP address."""


@frozen
class NewKey:
    """A key that a device has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


@frozen
class Signed:
    """What a device says beside its signature."""

    sign_count: int
    backed_up: bool


def domain_of(host: str) -> str:
    """Return the domain (RP ID) of keys for a host with its port; raises NoDomain."""
    name = str(setting("PASSKEY_DOMAIN") or urlsplit(f"//{host}").hostname or "")
    try:
        ip_address(name)
    except ValueError:
        if name:
            return name
    raise NoDomain()


def to_make(
    host: str, user: User, handle: bytes, known: Sequence[bytes], bound_to: str
) -> dict[str, Any]:
    """Return the options of `navigator.credentials.create`; raises NoDomain."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    challenge = proofs.issue(Purpose.NEW_PASSKEY, user_id=user.id, bound_to=bound_to)
    options = webauthn.generate_registration_options(
        rp_id=domain_of(host),
        rp_name=SERVICE_NAME,
        user_id=handle,
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge.encode(),
        timeout=proofs.life_s() * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            # The device keeps it with the account: so it can log in without a name being typed
            # first.
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        # One key per device and account: a second one would replace the first.
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return webauthn.helpers.options_to_json_dict(options)


def to_sign(host: str, purpose: Purpose, user_id: int = 0) -> dict[str, Any] | None:
    """Return the options of `navigator.credentials.get`; None where there can be no passkeys.

    No key is named: the device knows which of its keys are for this domain, and nobody learns
    from the answer which ones an account has.
    """
    import webauthn

    try:
        domain = domain_of(host)
    except NoDomain:
        return None
    options = webauthn.generate_authentication_options(
        rp_id=domain,
        challenge=proofs.issue(purpose, user_id=user_id).encode(),
        timeout=proofs.life_s() * 1000,
        user_verification=webauthn.helpers.structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.helpers.options_to_json_dict(options)


def challenge_in(credential: dict[str, Any], purpose: Purpose) -> tuple[bytes, Proof]:
    """Return the challenge that was signed, and what it says; raises ProofRefused, PasskeyRefused.

    The signature is not checked yet; a challenge that was not sealed here for this is refused.
    """
    import webauthn

    try:
        sent = webauthn.base64url_to_bytes(credential["response"]["clientDataJSON"])
        challenge = webauthn.helpers.parse_client_data_json(sent).challenge
        sealed = challenge.decode("ascii")
    except Exception as error:  # whatever a stranger's bytes do in the library
        raise _refused(error) from None
    return challenge, proofs.read(sealed, purpose)


def made(credential: dict[str, Any], challenge: bytes, host: str) -> NewKey:
    """Check what a browser sent about a new key; raises PasskeyRefused, NoDomain."""
    import webauthn

    domain = domain_of(host)
    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=domain,
            expected_origin=_origins(host),
            require_user_verification=True,
        )
    except Exception as error:  # whatever a stranger's bytes do in the library
        raise _refused(error) from None
    return NewKey(
        found.credential_id,
        found.credential_public_key,
        found.sign_count,
        found.credential_backed_up,
    )


def signed(credential: dict[str, Any], challenge: bytes, host: str, public_key: bytes) -> Signed:
    """Check what a browser sent as a signature; raises PasskeyRefused, NoDomain.

    The caller compares how often the key has signed: the library would do so before it knows that
    the signature is valid.
    """
    import webauthn

    domain = domain_of(host)
    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=domain,
            expected_origin=_origins(host),
            credential_public_key=public_key,
            # 0: the library then compares nothing.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # whatever a stranger's bytes do in the library
        raise _refused(error) from None
    return Signed(found.new_sign_count, found.credential_backed_up)


def id_of(credential: dict[str, Any]) -> bytes:
    """Return the id of the key that signed; raises PasskeyRefused."""
    import webauthn

    try:
        return webauthn.base64url_to_bytes(credential["rawId"])
    except Exception as error:
        raise _refused(error) from None


def handle_of(credential: dict[str, Any]) -> bytes | None:
    """Return the name of the account that the device says, if it says one."""
    import webauthn

    try:
        sent = credential["response"].get("userHandle")
        return webauthn.base64url_to_bytes(sent) if sent else None
    except Exception as error:
        raise _refused(error) from None


def fits(credential: dict[str, Any]) -> bool:
    """Return whether what a browser sent is not too large for a credential."""
    return len(json.dumps(credential)) <= MAX_CREDENTIAL_BYTES


def _origins(host: str) -> list[str]:
    """Return the origins of this service's pages at a host."""
    name = urlsplit(f"//{host}").hostname or ""
    here = [f"https://{host}"]
    if name == LOCAL_NAME or name.endswith(LOCAL_SUFFIX):
        # Browsers consider only this machine secure without TLS.
        here.append(f"http://{host}")
    return here


def _refused(error: Exception) -> PasskeyRefused:
    logger.info("a passkey was refused: %s", error)
    return PasskeyRefused()
