r"""Addresses that people give: one spelling, and nothing in it that means something else elsewhere.

Checks are bypassed where two programs read one address differently (the WHATWG's URL standard and
RFC 3986 disagree about `\`, `@` and numbers). So what they read differently is refused, and the
rest is parsed once, here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import idna

#: Characters of an address.
MAX_URL_LENGTH = 2000
#: Ports below this belong to known services that don't speak HTTP, with two exceptions.
FIRST_FREE_PORT = 1024
WEB_PORTS = {"http": 80, "https": 443}
MAX_PORT = 65535

#: Scheme, host, port, and the rest.
URL_PATTERN = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#@:\[\]\\%]{1,253})"
    r"(?::([0-9]{1,5}))?((?:/[^\s?#\\]*)?(?:\?[^\s#\\]*)?)",
    re.IGNORECASE,
)
#: A name in a private network, which may have underscores.
PRIVATE_NAME_PATTERN = re.compile(r"[a-z0-9._-]+", re.ASCII)
#: The rest of an address: visible ASCII, as HTTP requires (RFC 9112 §3.2).
TARGET_PATTERN = re.compile(r"[!-~]*", re.ASCII)
#: A host whose last label is a number is an address (WHATWG, "ends in a number").
NUMBER_PATTERN = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)


class BadAddress(ValueError):
    """The address can't be called; the message is a sentence for people."""


@dataclass(frozen=True)
class Target:
    """Where a request goes."""

    scheme: str
    #: A name in ASCII, or an address without brackets.
    host: str
    port: int
    #: Path and query.
    path: str

    @property
    def authority(self) -> str:
        """Return what the Host header says (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == WEB_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, *, allow_private: bool = False) -> Target:
    """Take an address apart; raises BadAddress.

    `allow_private` is for an operator's own network: then plain HTTP and any port are allowed.
    """
    if len(url) > MAX_URL_LENGTH:
        raise BadAddress(f"Must have at most {MAX_URL_LENGTH:,} characters.")
    match = URL_PATTERN.fullmatch(url)
    if match is None:
        raise BadAddress(_trouble(url))
    written, host, port, target = match.groups()
    scheme = written.lower()
    if scheme == "http" and not allow_private:
        raise BadAddress("Must begin with https://, so that nobody on the way can read it.")
    if not TARGET_PATTERN.fullmatch(target):
        raise BadAddress("Must have only ASCII after the host: write other characters as %XX.")
    path = target if target.startswith("/") else f"/{target}"
    return Target(scheme, _host(host), _port(port, scheme, allow_private), path)


def _trouble(url: str) -> str:
    if "@" in url.partition("://")[2].partition("/")[0]:
        return "Must have no user name and no password: the receiver knows you by the signature."
    if "#" in url:
        return "Must have no fragment (#…), which is never sent."
    return "Must be an address such as https://example.com/hooks."


def _port(written: str | None, scheme: str, allow_private: bool) -> int:
    port = int(written) if written else WEB_PORTS[scheme]
    known = port in WEB_PORTS.values() or port >= FIRST_FREE_PORT
    if not 1 <= port <= MAX_PORT or not (known or allow_private):
        raise BadAddress(f"Must have port 80, 443, or one of {FIRST_FREE_PORT} to {MAX_PORT}.")
    return port


def _host(written: str) -> str:
    if written.startswith("["):
        return _v6(written[1:-1])
    host = _named(written)
    if NUMBER_PATTERN.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return _v4(host)
    return host


def _v6(written: str) -> str:
    try:
        return str(IPv6Address(written))
    except ValueError:
        raise BadAddress("Must have a valid address between the brackets.") from None


def _v4(written: str) -> str:
    try:
        # Four numbers without leading zeros: 0x7f.1 and 2130706433 are 127.0.0.1 to a resolver.
        return str(IPv4Address(written))
    except ValueError:
        raise BadAddress("Must have an address of four decimal numbers, or a name.") from None


def _named(written: str) -> str:
    """Return a name as the DNS writes it (IDNA 2008)."""
    try:
        found = idna.encode(written.lower(), uts46=True).decode()
    except idna.IDNAError:
        if not PRIVATE_NAME_PATTERN.fullmatch(written.lower()):
            raise BadAddress("Must have the name of a host.") from None
        found = written.lower()  # names in a private network have underscores
    if ".." in found or found.startswith("."):
        raise BadAddress("Must have the name of a host.")
    return found
