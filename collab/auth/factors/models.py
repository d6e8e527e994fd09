"""What is kept for second factors, and the proofs that were used up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...core.models import Model, Versioned, utcnow

#: Characters of a passkey's name.
MAX_PASSKEY_NAME = 100
#: Bytes of a credential's id (WebAuthn §4, Credential ID).
MAX_CREDENTIAL_ID_BYTES = 1023


class Totp(Model):
    """A person's authenticator app (RFC 6238); it counts once a code has confirmed it."""

    __tablename__ = "totp"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    #: The shared secret in base 32, sealed (`core/sealing.py`).
    secret: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    #: The time step of the last code that was accepted: no code of it or before it is accepted
    #: again.
    last_step: Mapped[int] = mapped_column(default=0)
    #: Wrong codes in a row, and when the next guess is checked.
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None]
    wait_until: Mapped[datetime | None]


class RecoveryCode(Model):
    """A recovery code that has not been used; using it deletes it."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    #: SHA-256: a code has 120 random bits, which nobody finds by trying.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class Passkey(Versioned, Model):
    """A public key of a person's device (WebAuthn), used to sign in or as the second factor."""

    __tablename__ = "passkeys"
    __table_args__ = (
        Index("ix_passkeys_user_id_id", "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(MAX_PASSKEY_NAME))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(MAX_CREDENTIAL_ID_BYTES), unique=True)
    #: COSE_Key (RFC 9052 §7).
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    #: The random name of the account on devices, the same for all of a person's passkeys.
    handle: Mapped[bytes] = mapped_column(LargeBinary(64))
    #: The domain that it was made for, the only one it works for.
    domain: Mapped[str] = mapped_column(String(253))
    #: How often it has signed, as its device counts; 0: it does not count.
    sign_count: Mapped[int] = mapped_column(default=0)
    #: Whether its device keeps a copy elsewhere, such as in a cloud.
    backed_up: Mapped[bool] = mapped_column(default=False)
    last_used_at: Mapped[datetime | None]


class SpentProof(Model):
    """A proof or challenge that was used, kept until it would have expired anyway."""

    __tablename__ = "spent_proofs"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


#: What lists may be sorted by.
PASSKEY_SORTS = {"id": Passkey.id, "created_at": Passkey.created_at}
