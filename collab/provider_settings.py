"""The settings `OAUTH_<NAME>_…`: which other services sign people in, and how they are reached.

A provider is what has a name here: Google and GitHub are known, any other one that speaks OpenID
Connect needs its issuer, or the address of its metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import urlsplit

from .frozen import frozen
from .parsers import Parser, switch, web_address

#: How a provider is called in a setting's name.
NAME_PATTERN = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
MAX_NAME_LENGTH = 32
#: What a client's id and secret may be made of (RFC 6749 appendix A.1, A.2).
CREDENTIAL_PATTERN = re.compile(r"[\x20-\x7e]{1,512}")
LABEL_PATTERN = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,60}")
SCOPES_PATTERN = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*")
#: Hosts to which plain http may go: no wire is between.
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
#: Addresses below `auth/` that are something else.
RESERVED_NAMES = frozenset(
    [
        *("register", "signup", "login", "refresh", "demo", "logout", "logout-all", "password"),
        *("me", "verify", "sessions", "ticket", "providers", "tokens", "second-factor", "totp"),
        *("passkeys", "recovery-codes", "verification", "email", "reset", "invitations"),
    ]
)

#: The kinds of providers.
OPENID_KIND = "openid"
GITHUB_KIND = "github"


def credential(value: str) -> str:
    """Parse a client's id or secret."""
    if not CREDENTIAL_PATTERN.fullmatch(value):
        raise ValueError("must have 1 to 512 characters of ASCII")
    return value


def label(value: str) -> str:
    """Parse what people are shown."""
    if not LABEL_PATTERN.fullmatch(value) or value != value.strip():
        raise ValueError("must have 1 to 60 characters, in one line")
    return value


def scopes(value: str) -> str:
    """Parse scopes, with spaces between them (RFC 6749 §3.3); `openid` is one of them."""
    if not SCOPES_PATTERN.fullmatch(value) or "openid" not in value.split():
        raise ValueError("must be scopes such as 'openid email profile', `openid` among them")
    return value


def secure_address(value: str) -> str:
    """Parse an address to which secrets go: https, or http to this machine itself."""
    web_address(value)
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("must begin with https:// (http:// only for this machine)")
    return value


def secure_base(value: str) -> str:
    """Parse such an address, below which there are others; without a slash at its end."""
    if "?" in secure_address(value):
        raise ValueError("must not have a `?`")
    return value.rstrip("/")


@frozen
class ProviderSettings:
    """How a provider is reached, and what it is trusted with."""

    name: str
    label: str
    kind: str = OPENID_KIND
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    #: OpenID Connect: who signs the tokens; empty: what the metadata says.
    issuer: str = ""
    metadata_url: str = ""
    scopes: str = "openid email profile"
    #: Whether its addresses count as verified where it does not say so itself.
    trust_email: bool = False
    #: GitHub: where it is.
    url: str = "https://github.com"

    @property
    def configured(self) -> bool:
        """Return whether people can sign in with it."""
        return bool(self.client_id)

    @property
    def setting_names(self) -> tuple[str, str]:
        """Return the names of the settings that it needs at least."""
        prefix = prefix_of(self.name)
        return f"{prefix}CLIENT_ID", f"{prefix}CLIENT_SECRET"


@frozen
class Part:
    """One setting of each provider: the end of its name, its field, check and meaning."""

    end: str
    field: str
    parse: Parser
    meaning: str
    secret: bool = False


#: What each provider can be told (docs/settings.md has them, too).
PARTS = (
    Part("CLIENT_ID", "client_id", credential, "what the provider calls this installation"),
    Part("CLIENT_SECRET", "client_secret", credential, "what it knows it by", secret=True),
    Part("ISSUER", "issuer", secure_base, "who signs its tokens; its metadata lie below that"),
    Part("METADATA_URL", "metadata_url", secure_address, "where its metadata are, if elsewhere"),
    Part("LABEL", "label", label, "what its button says"),
    Part("SCOPES", "scopes", scopes, "what is asked for"),
    Part(
        "TRUST_EMAIL",
        "trust_email",
        switch,
        "whether its addresses count as verified where it does not say whether they are",
    ),
    Part("URL", "url", secure_base, "GitHub Enterprise Server: where it is"),
)

#: Those that are known without an issuer.
KNOWN_PROVIDERS = (
    ProviderSettings("google", "Google", issuer="https://accounts.google.com"),
    ProviderSettings("github", "GitHub", GITHUB_KIND, scopes="read:user user:email"),
)


def prefix_of(name: str) -> str:
    """Return what the names of a provider's settings begin with."""
    return f"OAUTH_{name.upper().replace('-', '_')}_"


def read(environ: Mapping[str, str]) -> dict[str, ProviderSettings]:
    """Return all providers by name, those that are known and not configured included.

    Raises ValueError with a sentence that names the wrong setting. An empty one is none.
    """
    given = {key: value for key, value in environ.items() if value and key.startswith("OAUTH_")}
    known = {one.name: one for one in KNOWN_PROVIDERS}
    for name in _names(given):
        known[name] = _read(known.get(name) or ProviderSettings(name, _titled(name)), given)
    return known


def _names(given: Mapping[str, str]) -> Iterator[str]:
    """Return the names that have an id or a secret, in the order of their names."""
    found = set()
    for key in given:
        for end in ("_CLIENT_ID", "_CLIENT_SECRET"):
            middle = key.removeprefix("OAUTH_").removesuffix(end)
            if key.endswith(end) and key != f"OAUTH{end}":
                found.add(_name(key, middle))
    yield from sorted(found)


def _name(key: str, middle: str) -> str:
    name = middle.lower().replace("_", "-")
    good = NAME_PATTERN.fullmatch(middle) and len(middle) <= MAX_NAME_LENGTH
    if not good or name in RESERVED_NAMES:
        raise ValueError(f"{key}: {middle!r} can't be the name of a provider.")
    return name


def _titled(name: str) -> str:
    return name.replace("-", " ").title()


def _read(preset: ProviderSettings, given: Mapping[str, str]) -> ProviderSettings:
    prefix = prefix_of(preset.name)
    values: dict[str, Any] = dict(vars(preset))
    for part in PARTS:
        if (value := given.get(prefix + part.end)) is not None:
            values[part.field] = _parsed(prefix + part.end, value, part)
    if part_missing := _missing(values, preset):
        raise ValueError(f"{prefix}{part_missing} is not set, but other {prefix}… settings are.")
    return ProviderSettings(**values)


def _parsed(key: str, value: str, part: Part) -> Any:
    try:
        return part.parse(value)
    except ValueError as error:
        shown = "" if part.secret else f" is {value!r}, but it"
        raise ValueError(f"{key}{shown} {error}.") from None


def _missing(values: dict[str, Any], preset: ProviderSettings) -> str | None:
    """Return what a provider can't do without; a public client has no secret (RFC 6749 §2.1)."""
    if not values["client_id"]:
        return "CLIENT_ID"
    if preset.kind == GITHUB_KIND:
        return None if values["client_secret"] else "CLIENT_SECRET"
    return None if values["issuer"] or values["metadata_url"] else "ISSUER"
