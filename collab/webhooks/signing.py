"""Signatures by Standard Webhooks 1.0, and the secrets that they are made with."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

#: What every secret begins with, in the standard and for scanners of leaked secrets.
SECRET_PREFIX = "whsec_"  # noqa: S105 (a prefix)
#: What secrets are sealed for (`core/sealing.py`): those that sign, and those that check.
SECRET_PURPOSE = "webhook secret"  # noqa: S105 (a purpose)
INCOMING_PURPOSE = "incoming hook secret"
#: Bytes of randomness; the standard asks for 24 to 64.
SECRET_BYTES = 32
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
#: How old or how far ahead a message may be.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"


class BadSignature(Exception):
    """The message was not signed with this secret, or was signed too long ago."""


def new_secret() -> str:
    """Return a new secret, as receivers write it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the key of a secret; raises ValueError with a sentence for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("Must be `whsec_`, followed by base64.") from None
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise ValueError(f"Must be base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes.")
    return key


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return a signature with its version."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    made = hmac.digest(key_of(secret), signed, "sha256")
    return "v1," + base64.b64encode(made).decode()


def headers(secrets_: Sequence[str], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers; with several secrets there are as many signatures."""
    timestamp = int(now.timestamp())
    signatures = [sign(one, message_id, timestamp, body) for one in secrets_]
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify(secret: str, told: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check a message that came from elsewhere; raises BadSignature."""
    message_id, written = told.get(ID_HEADER, ""), told.get(TIMESTAMP_HEADER, "")
    if not message_id or not (written.isascii() and written.isdigit()) or len(written) > 12:
        raise BadSignature("The headers webhook-id, -timestamp and -signature must be there.")
    if abs(now.timestamp() - int(written)) > MAX_CLOCK_DIFFERENCE.total_seconds():
        raise BadSignature("The timestamp is more than five minutes from now.")
    expected = sign(secret, message_id, int(written), body).encode()
    offered = told.get(SIGNATURE_HEADER, "").split(" ")
    if not any(hmac.compare_digest(one.encode(), expected) for one in offered):
        raise BadSignature("None of the signatures matches.")
