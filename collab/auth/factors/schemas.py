"""What second factors and passkeys look like on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from ...core.http.pages import PageQuery, page_of, sort_field
from ...core.schemas import Schema, Time, line
from ..schemas import known_password, wants_cookie
from . import ceremonies
from .models import MAX_PASSKEY_NAME, PASSKEY_SORTS
from .second import PASSKEY, RECOVERY_CODE, TOTP

#: Maximum characters of a code, with all spaces and hyphens that somebody may type.
MAX_CODE_LENGTH = 40
#: Characters of a sealed proof.
MAX_PROOF_LENGTH = 2048

CODE_WORDS = "Six digits of the authenticator app, or a recovery code."
EXAMPLE_CREDENTIAL = {
    "id": "pWmfJpXXhU2tPzTpdfqQjw",
    "rawId": "pWmfJpXXhU2tPzTpdfqQjw",
    "type": "public-key",
    "response": {"clientDataJSON": "eyJ0eXBlIjoi...", "authenticatorData": "SZYN5YgO..."},
}
EXAMPLE_CODES = ["8f2k-v0qm-3x7c-t9wz-e4gn-71hd", "n4hd-6ryb-p1sa-05je-z8cx-m2qk"]


def code_field(**options: Any) -> fields.String:
    """Make a field for a code."""
    return fields.String(
        load_only=True,
        validate=validate.Length(1, MAX_CODE_LENGTH),
        metadata={"example": "492039", "description": CODE_WORDS},
        **options,
    )


def _small(credential: dict[str, Any]) -> None:
    if not ceremonies.fits(credential):
        raise ValidationError(f"Must be at most {ceremonies.MAX_CREDENTIAL_BYTES:,} bytes.")


def credential_field(**options: Any) -> fields.Dict:
    """Make a field for what a browser gives after a ceremony: `credential.toJSON()`."""
    return fields.Dict(
        keys=fields.String(),
        load_only=True,
        validate=_small,
        metadata={
            "example": EXAMPLE_CREDENTIAL,
            "description": "`PublicKeyCredential.toJSON()` (WebAuthn Level 3 §5.1).",
        },
        **options,
    )


class ConfirmIn(Schema):
    """The caller's password, or a code of their second factor: who they are, once more."""

    body_optional = True
    password = known_password(load_default=None)
    code = code_field(load_default=None)


class SecondStepIn(Schema):
    """The proof of the first factor, and a code or what a passkey has signed."""

    example = {"proof": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.sealed.tag"}
    proof = fields.String(required=True, validate=validate.Length(1, MAX_PROOF_LENGTH))
    code = code_field(load_default=None)
    passkey = credential_field(load_default=None)
    cookie = wants_cookie()


class PasskeyLoginIn(Schema):
    """What a passkey has signed."""

    credential = credential_field(required=True)
    cookie = wants_cookie()


class CeremonyOut(Schema):
    """What a page hands to `navigator.credentials`, read by `parse…OptionsFromJSON`."""

    options = fields.Dict(
        required=True,
        metadata={"example": {"challenge": "ZXlKaGJHY2lPaUprYVhJaU...", "rpId": "localhost"}},
    )


class FactorsOut(Schema):
    """What protects the account besides its password."""

    example = {
        "required": True,
        "methods": [TOTP, RECOVERY_CODE],
        "totp_since": "2026-03-02T09:00:00Z",
        "passkeys": 0,
        "recovery_codes_left": 10,
    }
    required = fields.Boolean(
        required=True, metadata={"description": "Whether log-ins ask for a second factor."}
    )
    methods = fields.List(
        fields.String(validate=validate.OneOf([TOTP, PASSKEY, RECOVERY_CODE])), required=True
    )
    totp_since = Time(required=True, allow_none=True)
    passkeys = fields.Integer(required=True)
    recovery_codes_left = fields.Integer(required=True)


class TotpOut(Schema):
    """What an authenticator app needs, shown only this once."""

    example = {
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "uri": "otpauth://totp/Collab:alice%40example.com?secret=JBSWY3DP...&issuer=Collab",
        "qr": "<svg>...</svg>",
    }
    secret = fields.String(required=True)
    uri = fields.String(required=True)
    qr = fields.String(required=True, metadata={"description": "The address as a QR code, SVG."})


class CodeIn(Schema):
    """A code that the authenticator app shows."""

    code = code_field(required=True)


class RecoveryCodesOut(Schema):
    """Recovery codes, shown only this once; each is valid once. Empty if there are some already."""

    example = {"recovery_codes": EXAMPLE_CODES}
    recovery_codes = fields.List(fields.String(), required=True)


class PasskeyIn(Schema):
    """A new passkey and its name."""

    name = line(MAX_PASSKEY_NAME, required=True, metadata={"example": "Alice's laptop"})
    credential = credential_field(required=True)


class PasskeyNameIn(Schema):
    """A passkey's new name."""

    name = line(MAX_PASSKEY_NAME, metadata={"example": "Alice's laptop"})


class PasskeyOut(Schema):
    """A passkey."""

    example = {
        "id": 3,
        "name": "Alice's laptop",
        "domain": "localhost",
        "last_used_at": "2026-03-02T09:00:00Z",
    }
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    domain = fields.String(required=True, metadata={"description": "The domain that it works for."})
    backed_up = fields.Boolean(
        required=True, metadata={"description": "Whether the device keeps a copy elsewhere."}
    )
    created_at = Time(required=True)
    last_used_at = Time(required=True, allow_none=True)


class PasskeyAddedOut(RecoveryCodesOut):
    """The new passkey, and recovery codes if it is the account's first second factor."""

    passkey = fields.Nested(PasskeyOut, required=True)


class PasskeyQuery(PageQuery):
    """Which passkeys."""

    sort = sort_field(PASSKEY_SORTS, "id")


PasskeyPage = page_of(PasskeyOut)
