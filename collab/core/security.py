"""Secrets: keys kept in the instance folder, sealed boxes, one-way tags, random tokens."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from .json import dumps, loads
from .slots import Slot

JWE_HEADER = {"alg": "dir", "enc": "A256GCM"}


def kept_secret(path: Path) -> str:
    """Return the secret in a file, made on first use with mode 0600.

    The file appears whole or not at all: another process, or the next start after a crash, would
    take a half-written one for the secret. Raises ValueError for an empty one.
    """
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # its mode is 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # one maker wins
        Path(draft).unlink()
    if not (secret := path.read_text().strip()):
        raise ValueError(f"{path.name} is empty: delete it, and a new one is made")
    return secret


def new_token() -> str:
    """Return 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a random token, so that the table gives none away."""
    return hashlib.sha256(token.encode()).hexdigest()


class SealedBox:
    """Seals claims as a JWE (RFC 7516: `dir`, A256GCM), for one purpose per key."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._raw = hmac.digest(secret.encode(), purpose.encode(), "sha256")
        self._key = OctKey.import_key(self._raw)
        self._head = jwe.encrypt_compact(JWE_HEADER, b"", self._key).partition(".")[0]

    def seal(self, claims: dict[str, Any]) -> str:
        """Encrypt and authenticate."""
        return jwe.encrypt_compact(JWE_HEADER, dumps(claims), self._key)

    def open(self, token: str, most: int = 64 * 1024) -> dict[str, Any] | None:
        """Return the claims; None for what this key did not seal, or over `most` bytes."""
        if token.partition(".")[0] != self._head:  # no header but ours reaches the library
            return None
        try:
            registry = jwe.JWERegistry()
            registry.max_ciphertext_length = most
            opened = jwe.decrypt_compact(token, self._key, registry=registry)
            claims = loads(opened.plaintext or b"")
        except (JoseError, ValueError):
            return None
        return claims if isinstance(claims, dict) else None

    def tag(self, data: bytes, more: Iterable[bytes] = ()) -> str:
        """Return a keyed fingerprint of data (HMAC-SHA256), useless without the key."""
        made = hmac.new(self._raw, data, "sha256")
        for piece in more:
            made.update(piece)
        return made.hexdigest()


#: What seals kept answers, and tags requests to compare them with.
ANSWERS: Slot[SealedBox] = Slot("answers")


def init_app(app: Flask) -> None:
    """Give an application the box of its kept answers."""
    ANSWERS.put(app, SealedBox(app.config["SECRET_KEY"], "kept answers"))
