"""Providers that sign people in: one that says whatever a test wants, and the real one of npm."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from collab.core.security import digest, new_token
from collab.oauth.provider_clients.claims import Claims
from collab.oauth.sealed import Proof

from .npm import skip_without_node
from .people import Person, ok
from .receivers import Got, Receiver, Says
from .servers import PLAIN

PROGRAM = Path(__file__).parent.parent / "oauth" / "provider.mjs"
CLIENT_ID, CLIENT_SECRET = "collab", "a secret of the tests"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Fake:
    """A provider on loopback that says what a test wants, as OpenID provider and as GitHub."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver, self.url = receiver, f"http://127.0.0.1:{receiver.port}"
        self._own_key = ECKey.generate_key("P-256", {"kid": "first"})
        self.renew()
        receiver.answer = self.answer

    def renew(self) -> None:
        """Forget what the last test wanted."""
        self.key = self._own_key
        #: Members of the metadata, claims and answers that are other than they should be.
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.info: dict[str, Any] = {}
        #: What signs ID tokens; None: nobody does.
        self.signer: ECKey | OctKey | None = self.key
        self.header = {"alg": "ES256", "kid": "first"}
        #: GitHub's answers.
        self.user: Any = {"id": 42, "login": "dora-codes", "name": "Dora"}
        self.emails: Any = [{"email": "dora@example.com", "primary": True, "verified": True}]
        #: Whole answers by path, instead of those that belong there.
        self.instead: dict[str, Says] = {}
        self.nonce = self.challenge = ""
        self.receiver.got.clear()

    def asked(self, path: str) -> list[Got]:
        """Return the requests for a path so far."""
        return [one for one in self.receiver.got if urlsplit(one.path).path == path]

    def answer(self, got: Got) -> Says:
        path = urlsplit(got.path).path
        if path in self.instead:
            return self.instead[path]
        answers = {
            "/.well-known/openid-configuration": self._metadata,
            "/keys": lambda _: {"keys": [self.key.as_dict(private=False)]},
            "/token": self._token,
            "/userinfo": lambda _: {"sub": "42"} | self.info,
            "/login/oauth/access_token": self._token,
            "/api/v3/user": lambda _: self.user,
            "/api/v3/user/emails": lambda _: self.emails,
        }
        found = answers[path](got) if path in answers else None
        status = 404 if found is None else 400 if "error" in found else 200
        return Says(status, {"Content-Type": "application/json"}, json.dumps(found).encode())

    def _metadata(self, _: Got) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
        } | self.metadata

    def _token(self, got: Got) -> dict[str, Any]:
        sent = dict(parse_qsl(got.body.decode()))
        hashed = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != self.challenge:
            return {"error": "invalid_grant"}
        given = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token()}
        return given | self.token

    def id_token(self) -> str:
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT_ID, "sub": "42", "iat": now, "exp": now + 300}
        said |= {"nonce": self.nonce, "email": "dora@example.com", "email_verified": True}
        said = {key: one for key, one in (said | self.claims).items() if one is not None}
        if self.signer is None:
            parts = (json.dumps(one).encode() for one in ({"alg": "none"}, said))
            return (
                ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts) + "."
            )
        algorithms = [self.header["alg"]]
        return jwt.encode(self.header, said, self.signer, algorithms=algorithms)


def begin(http: httpx.Client, name: str, fake: Fake | None = None, **query: str) -> dict[str, str]:
    """Begin to sign in; returns what the provider is told."""
    return told(http.get(f"/auth/{name}", params=query), fake)


def told(answer: httpx.Response, fake: Fake | None = None) -> dict[str, str]:
    """Return what an answer that sends a browser to a provider tells it."""
    assert answer.status_code == 302, answer.text
    return told_by(answer.headers["Location"], fake)


def told_by(address: str, fake: Fake | None = None) -> dict[str, str]:
    """Return what an address of a provider tells it."""
    asked = {key: one for key, (one,) in parse_qs(urlsplit(address).query).items()}
    if fake is not None:
        fake.nonce, fake.challenge = asked.get("nonce", ""), asked["code_challenge"]
    return asked


def come_back(
    http: httpx.Client, name: str, state: str, headers: dict[str, str] | None = None, **more: str
) -> httpx.Response:
    """Come back from a provider, as a browser does that it sends."""
    sent = {"state": state, "code": "good"} | more
    return http.get(f"/auth/{name}/callback", params=sent, headers=headers or {})


def fragment(answer: httpx.Response) -> dict[str, str]:
    """Return what a redirect to the page tells it after the `#`."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).fragment))


@contextmanager
def real_provider(*options: str) -> Iterator[str]:
    """Run the provider of npm; returns its address. Who can't have it is skipped."""
    skip_without_node("oidc-provider")
    program = subprocess.Popen(
        ["node", str(PROGRAM), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert program.stdout is not None
    try:
        yield program.stdout.readline().strip()
    finally:
        program.terminate()
        program.wait()
        program.stdout.close()


def registered(url: str, *redirects: str, **more: Any) -> dict[str, Any]:
    """Register a client with the real provider (RFC 7591) and return what it is."""
    sent = {"redirect_uris": redirects, "response_types": ["code"]} | more
    made: dict[str, Any] = httpx.post(f"{url}/reg", json=sent, **PLAIN).raise_for_status().json()
    return made


def register_again(client: dict[str, Any], *redirects: str) -> None:
    """Let a client send people back elsewhere (RFC 7592)."""
    kept = {"client_id", "client_secret", "response_types", "grant_types"}
    sent = {key: one for key, one in client.items() if key in kept} | {"redirect_uris": redirects}
    bearer = {"Authorization": f"Bearer {client['registration_access_token']}"}
    httpx.put(
        client["registration_client_uri"], json=sent, headers=bearer, **PLAIN
    ).raise_for_status()


def given_proof(
    app: Flask, http: httpx.Client, *, whose: Person | None = None, email: str = "x@example.com"
) -> str:
    """Return a proof as if GitHub had said it to the browser `http`: to sign in, or to link."""
    begin(http, "github")
    session = ok(whose.get("/auth/verify"))["session_id"] if whose else None
    claims = Claims("https://github.com", new_token(), email, True, None, email)
    with app.app_context():
        return Proof(
            provider="github",
            browser=digest(http.cookies["sign-in"]),
            return_to="/",
            user_id=whose.id if whose else None,
            session_id=session,
            claims=claims,
        ).sealed()
