"""An encrypted stream: AES-256-GCM in chunks, so that it needs little memory however long it is.

After a line that says how to get the key, each chunk is sealed separately (the STREAM construction:
the nonce is the chunk's number and whether it is the last), so that none can be changed, left out,
moved or cut off without being noticed. Each file has its own key, derived from a passphrase and a
fresh salt (scrypt, RFC 7914), or from a fresh key pair and the recipient's (X25519, RFC 7748; HKDF,
RFC 5869).
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

#: What an encrypted file begins with.
MAGIC_LINE = b"collab backup, sealed, 1\n"
#: Bytes of a chunk before it is sealed, and what sealing adds (the tag).
CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
#: Maximum bytes of the line about the key.
MAX_HEAD_BYTES = 1024
#: scrypt's cost: 128 MiB and some tenths of a second; a file that asks for more is refused.
SCRYPT_N = 2**17
SCRYPT_R = 8
SALT_BYTES = 16
#: Bytes of the number in a nonce; the last byte says whether the chunk is the last.
NUMBER_BYTES = 11


class CanNotOpen(Exception):
    """The passphrase or the key is not the file's, or the file was changed or cut off."""


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _decoded(text: Any) -> bytes:
    return base64.urlsafe_b64decode(str(text))


class Passphrase:
    """Seals and opens with a passphrase that somebody remembers."""

    def __init__(self, words: str) -> None:
        self._words = words.encode()
        self._derived: dict[bytes, bytes] = {}

    def begin(self) -> tuple[dict[str, Any], bytes]:
        """Return what the file says of its key, and the key."""
        salt = os.urandom(SALT_BYTES)
        return {"by": "passphrase", "salt": _coded(salt)}, self._key(salt)

    def key_of(self, head: dict[str, Any]) -> bytes:
        """Return the key of a file; raises CanNotOpen."""
        if head.get("by") != "passphrase":
            raise CanNotOpen("The file is sealed to a key, not with a passphrase.")
        return self._key(_decoded(head["salt"]))

    def _key(self, salt: bytes) -> bytes:
        if salt not in self._derived:  # once for a backup, which is read again after it is made
            made = Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=1)
            self._derived[salt] = made.derive(self._words)
        return self._derived[salt]


class Recipient:
    """Seals to a public key: those who make backups need not be able to read them."""

    def __init__(self, public: str) -> None:
        try:
            self._public = X25519PublicKey.from_public_bytes(_decoded(public.strip()))
        except ValueError:
            raise CanNotOpen("This is not a public key as `backup-identity` prints it.") from None

    def begin(self) -> tuple[dict[str, Any], bytes]:
        """Return what the file says of its key, and the key."""
        own = X25519PrivateKey.generate()
        mine = own.public_key().public_bytes_raw()
        key = _agreed(own.exchange(self._public), mine, self._public.public_bytes_raw())
        return {"by": "recipient", "ephemeral": _coded(mine)}, key

    def key_of(self, head: dict[str, Any]) -> bytes:
        """Raise CanNotOpen: a public key opens nothing."""
        raise CanNotOpen("A public key opens nothing.")


class Identity:
    """Opens what was sealed to its public key."""

    def __init__(self, private: str) -> None:
        try:
            self._private = X25519PrivateKey.from_private_bytes(_decoded(private.strip()))
        except ValueError:
            raise CanNotOpen("This is not a key as `backup-identity` writes it.") from None

    @classmethod
    def new(cls) -> tuple[str, str]:
        """Return a new private key and its public key."""
        made = X25519PrivateKey.generate()
        return _coded(made.private_bytes_raw()), _coded(made.public_key().public_bytes_raw())

    def key_of(self, head: dict[str, Any]) -> bytes:
        """Return the key of a file; raises CanNotOpen."""
        if head.get("by") != "recipient":
            raise CanNotOpen("The file is sealed with a passphrase, not to a key.")
        theirs = _decoded(head["ephemeral"])
        shared = self._private.exchange(X25519PublicKey.from_public_bytes(theirs))
        return _agreed(shared, theirs, self._private.public_key().public_bytes_raw())


def _agreed(shared: bytes, ephemeral: bytes, public: bytes) -> bytes:
    made = HKDF(hashes.SHA256(), 32, salt=ephemeral + public, info=b"collab backup")
    return made.derive(shared)


#: What seals, and what opens.
Sealer = Passphrase | Recipient
Opener = Passphrase | Identity


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NUMBER_BYTES, "big") + bytes([last])


class SealingWriter(io.RawIOBase):
    """Seals what is written into another file; `finish` seals the last chunk."""

    def __init__(self, target: IO[bytes], sealer: Sealer) -> None:
        said, key = sealer.begin()
        self._head = MAGIC_LINE + json.dumps(said).encode() + b"\n"
        self._target, self._cipher = target, AESGCM(key)
        self._waiting, self._number = bytearray(), 0
        target.write(self._head)

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Seal as many whole chunks as there are; one stays, as it may be the last."""
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._put(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Seal the rest."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._head))
        self._number += 1


class OpeningReader(io.RawIOBase):
    """Reads what was sealed; raises CanNotOpen at the first chunk that is not as it was."""

    def __init__(self, source: IO[bytes], opener: Opener) -> None:
        rest = source.readline(MAX_HEAD_BYTES)
        try:
            head = json.loads(rest)
            key = opener.key_of(head)
        except (ValueError, KeyError, AttributeError):
            raise CanNotOpen("The file does not say how it is sealed.") from None
        self._head, self._cipher = MAGIC_LINE + rest, AESGCM(key)
        self._source, self._number, self._ready = source, 0, b""
        self._next = source.read(CHUNK_BYTES + TAG_BYTES)
        self._over = False

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from at most one chunk; 0 at the end."""
        while not self._ready and not self._over:
            self._ready = self._opened()
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _opened(self) -> bytes:
        chunk = self._next
        self._next = self._source.read(CHUNK_BYTES + TAG_BYTES)
        self._over = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._number, self._over), chunk, self._head)
        except InvalidTag:
            raise CanNotOpen() from None
        self._number += 1
        return plain


def opened(source: IO[bytes], ask: Callable[[], Opener]) -> IO[bytes]:
    """Return what to read a file with: the file if it is not sealed, otherwise what opens it."""
    if source.read(len(MAGIC_LINE)) == MAGIC_LINE:
        return io.BufferedReader(OpeningReader(source, ask()), CHUNK_BYTES)
    source.seek(0)
    return source
