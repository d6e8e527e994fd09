"""A device with passkeys, in Python: makes keys and signs as WebAuthn says, and lies as asked."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from .people import PASSWORD, Person, ok

#: Bits of the flags of authenticator data (WebAuthn §6.1).
PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
#: What the tests' in-process client calls the service.
ORIGIN = "https://collab.test"


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """A device; `count` is how often it says that it has signed."""

    origin: str = ORIGIN
    count: int = 0
    flags: int = PRESENT | VERIFIED
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(_CURVE))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: str = ""
    #: The domain that it signs for; empty: the one that it is asked for.
    domain: str = ""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Make the key known, as `navigator.credentials.create` does."""
        self.handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        point = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point[0], -3: point[1]})
        size = len(self.credential_id).to_bytes(2, "big")
        data = self._data(options["rp"]["id"], HAS_KEY)
        data += bytes(16) + size + self.credential_id + cose
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._credential(attestationObject=text_of(attested), clientDataJSON=text_of(client))

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Sign, as `navigator.credentials.get` does."""
        self.count += 1
        data = self._data(options["rpId"], 0)
        client = self._client("webauthn.get", options)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            authenticatorData=text_of(data),
            clientDataJSON=text_of(client),
            signature=text_of(signed),
            userHandle=self.handle,
        )

    def _data(self, domain: str, flags: int) -> bytes:
        name = hashlib.sha256((self.domain or domain).encode()).digest()
        return name + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said | {"crossOrigin": False}).encode()

    def _credential(self, **response: str) -> dict[str, Any]:
        name = text_of(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}

    # -- with somebody's account ------------------------------------------------------------------

    def is_added_by(self, person: Person, name: str = "Laptop") -> dict[str, Any]:
        """Become a passkey of somebody; returns what adding it was answered."""
        asked = ok(person.post("/auth/passkeys/options", {"password": PASSWORD}))["options"]
        body = {"name": name, "credential": self.create(asked)}
        return ok(person.post("/auth/passkeys", body))

    def signs_in(self, person: Person) -> Any:
        """Sign in with nothing else; returns the answer."""
        asked = ok(person.post("/auth/login/passkey/options"))["options"]
        return person.post("/auth/login/passkey", {"credential": self.get(asked)})


_CURVE = ec.SECP256R1()
