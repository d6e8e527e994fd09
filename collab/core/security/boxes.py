"""Sealed boxes, one-way tags, random tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Flask

from ..json import dumps, loads
from ..slots import Slot
from .keys import RINGS, KeyRing

if TYPE_CHECKING:  # it is forty modules, and nothing is sealed at startup
    from joserfc.jwk import OctKey

JWE_HEADER = {"alg": "dir", "enc": "A256GCM"}
#: Hex digits by which a token names its key.
KEY_ID_DIGITS = 8


def new_token() -> str:
    """Return 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored for a random token, so that the table reveals none."""
    return hashlib.sha256(token.encode()).hexdigest()


def key_id(secret: str) -> str:
    """Return the name of a key, which reveals nothing about it."""
    return hmac.digest(secret.encode(), b"the id of this key", "sha256").hex()[:KEY_ID_DIGITS]


class BoxKey:
    """The key derived from a secret for one purpose."""

    def __init__(self, secret: str, purpose: str) -> None:
        from joserfc.jwk import OctKey

        self.raw = hmac.digest(secret.encode(), purpose.encode(), "sha256")
        self.key = OctKey.import_key(self.raw)
        self.header = JWE_HEADER | {"kid": key_id(secret)}
        # The first part of a token is the same for all of a key: comparing it spares parsing a
        # header.
        self.head = _sealed(self.header, b"", self.key).partition(".")[0]


def _sealed(header: dict[str, str], plain: bytes, key: OctKey) -> str:
    from joserfc import jwe

    return jwe.encrypt_compact(header, plain, key)


@cache
def nameless_head() -> str:
    """Return how tokens began before keys had names: any key of the ring may have sealed them."""
    from joserfc.jwk import OctKey

    return _sealed(JWE_HEADER, b"", OctKey.import_key(bytes(32))).partition(".")[0]


class SealedBox:
    """Seals claims as a JWE (RFC 7516: `dir`, A256GCM), for one purpose per key.

    With a ring, the newest key seals, and each of them opens.
    """

    def __init__(self, keys: KeyRing | str, purpose: str) -> None:
        self._ring = KeyRing([keys]) if isinstance(keys, str) else keys
        self._purpose = purpose
        self._secrets: tuple[str, ...] = ()
        self._made: tuple[BoxKey, ...] = ()

    @property
    def keys(self) -> tuple[BoxKey, ...]:
        """Return the keys of this purpose, newest first."""
        secrets = self._ring.secrets
        if secrets is not self._secrets:
            self._made = tuple(BoxKey(secret, self._purpose) for secret in secrets)
            self._secrets = secrets
        return self._made

    def seal(self, claims: dict[str, Any]) -> str:
        """Encrypt and authenticate."""
        newest = self.keys[0]
        return _sealed(newest.header, dumps(claims), newest.key)

    def is_newest(self, token: str) -> bool:
        """Return whether the newest key is the one that a token names."""
        return token.partition(".")[0] == self.keys[0].head

    def open(self, token: str, most: int = 64 * 1024) -> dict[str, Any] | None:
        """Return the claims; None for what none of its keys sealed, or over `most` bytes."""
        for one in self._fitting(token.partition(".")[0]):
            claims = _opened(token, one.key, most)
            if claims is not None:
                return claims
        return None

    def _fitting(self, head: str) -> list[BoxKey]:
        """Return the keys that may have sealed what begins so; other headers are never parsed."""
        # Again after a look at the file: another process may just have rotated the key.
        for _ in range(2):
            if found := [one for one in self.keys if head in (one.head, nameless_head())]:
                return found
            self._ring.look_again()
        return []

    def tag(self, data: bytes, more: Iterable[bytes] = ()) -> tuple[str, ...]:
        """Return keyed fingerprints of data (HMAC-SHA256), useless without the keys.

        There is one for each key, the newest first: the first is stored, and any may match.
        """
        made = [hmac.new(one.raw, data, "sha256") for one in self.keys]
        for piece in more:
            for one in made:
                one.update(piece)
        return tuple(one.hexdigest() for one in made)


def _opened(token: str, key: OctKey, most: int) -> dict[str, Any] | None:
    from joserfc import jwe
    from joserfc.errors import JoseError

    try:
        registry = jwe.JWERegistry()
        # Before decrypting: what is too long costs neither time nor memory.
        registry.max_ciphertext_length = most
        opened = jwe.decrypt_compact(token, key, registry=registry)
        claims = loads(opened.plaintext or b"")
    except (JoseError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


#: Seals kept answers, and tags requests to compare them.
ANSWERS: Slot[SealedBox] = Slot("answers")


def init_app(app: Flask) -> None:
    """Give an application the box for its kept answers."""
    ANSWERS.put(app, SealedBox(RINGS.of(app)["SECRET_KEY"], "kept answers"))
