"""How the text of a setting is read: each parser raises ValueError with what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .frozen import frozen

Parser = Callable[[str], Any]


WHOLE_PATTERN = re.compile(r"-?\d{1,12}")
ORIGIN_PATTERN = re.compile(r"https?://[\w.-]+(:\d+)?")
RATE_PATTERN = re.compile(r"[1-9]\d{0,8} per ([1-9]\d{0,4} )?(second|minute|hour|day)s?")
WEB_PATTERN = re.compile(r"https?://[^\s/?#@]+(/[^\s#]*)?")
DOMAIN_PATTERN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z][a-z0-9-]{0,62}")
REDIS_PATTERN = re.compile(r"(rediss?|unix)://\S+")
#: User, password and host may be left out: they are what libpq has them from then.
POSTGRES_PATTERN = re.compile(r"postgresql(\+psycopg)?://[^/?#\s]*/[^/?#\s]+(\?\S*)?")
PLUGIN_PATTERN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
WORD_PATTERN = re.compile(r"[^\s,]{3,40}")
TOKEN_PATTERN = re.compile(r"[!-~]{32,512}")
SQLITE_FILE = re.compile(r"sqlite:///[^:?]")


def folder(value: str) -> str:
    """Parse a folder's path."""
    if not value.strip():
        raise ValueError("must be a folder")
    return value


def whole(low: int, high: int) -> Parser:
    """Parse a whole number from `low` to `high`."""

    def parse(value: str) -> int:
        if not WHOLE_PATTERN.fullmatch(value) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return parse


def one_of(*choices: str) -> Parser:
    """Parse one of some words, in any case."""

    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value.lower()

    return parse


def switch(value: str) -> bool:
    """Parse `on` or `off`, also written as 1, true, yes, 0, false, no."""
    words = {"on": True, "1": True, "true": True, "yes": True}
    words |= {"off": False, "0": False, "false": False, "no": False}
    if value.lower() not in words:
        raise ValueError("must be on or off")
    return words[value.lower()]


def origins(value: str) -> list[str]:
    """Parse a comma-separated list of origins (RFC 6454), or `*`."""
    found = [word.strip() for word in value.split(",") if word.strip()]
    if found != ["*"] and not all(map(ORIGIN_PATTERN.fullmatch, found)):
        raise ValueError("must be origins such as https://app.example.com, or just `*`")
    return found


def words(value: str) -> list[str]:
    """Parse a comma-separated list of words, in lower case; empty: none."""
    found = [word.strip().lower() for word in value.split(",") if word.strip()]
    if not all(map(WORD_PATTERN.fullmatch, found)):
        raise ValueError("must be words of 3 to 40 characters, separated by commas")
    return found


def secret(value: str) -> str:
    """Parse a secret: empty (one is made and kept) or at least 32 characters (RFC 7518 §3.2)."""
    if value and len(value) < 32:
        raise ValueError("must have at least 32 characters, or be unset (then one is generated)")
    return value


def secrets(value: str) -> tuple[str, ...]:
    """Parse secrets with `|` between them; empty: none."""
    return tuple(secret(one) for one in value.split("|") if one)


def token(value: str) -> str:
    """Parse a token that somebody else has, too: empty or at least 32 characters without spaces."""
    if value and not TOKEN_PATTERN.fullmatch(value):
        raise ValueError("must have 32 to 512 characters of ASCII, without spaces, or be unset")
    return value


def rate(value: str) -> str:
    """Parse a rate such as `300 per minute`, or `off`."""
    if value.lower() != "off" and not RATE_PATTERN.fullmatch(value):
        raise ValueError("must look like '300 per minute' or '5 per 15 minutes', or be 'off'")
    return value.lower()


def domain(value: str) -> str:
    """Parse a domain name, in lower case; empty: none."""
    if value and not DOMAIN_PATTERN.fullmatch(value):
        raise ValueError("must be a domain such as example.com")
    return value


def web_address(value: str) -> str:
    """Parse the address of a web service, http or https; empty: none."""
    if value and not WEB_PATTERN.fullmatch(value):
        raise ValueError("must be an address such as https://lookup.example.com/events")
    return value


def redis_url(value: str) -> str:
    """Parse the address of a Redis server; empty: none."""
    if value and not REDIS_PATTERN.fullmatch(value):
        raise ValueError("must be an address such as redis://127.0.0.1:6379/0")
    return value


def postgres_url(value: str) -> str:
    """Parse the address of a database of PostgreSQL; empty: none."""
    if value and not POSTGRES_PATTERN.fullmatch(value):
        raise ValueError("must be an address such as postgresql+psycopg://user@127.0.0.1/collab")
    return value


def plugins(value: str) -> list[str]:
    """Parse a comma-separated list of `module:function`."""
    found = [word.strip() for word in value.split(",") if word.strip()]
    if not all(map(PLUGIN_PATTERN.fullmatch, found)):
        raise ValueError("must be functions such as my_stages:add_country, separated by commas")
    return found


def database_url(value: str) -> str:
    """Parse a database's address: an SQLite file (empty: in INSTANCE_PATH), or PostgreSQL."""
    if value and not SQLITE_FILE.match(value) and not POSTGRES_PATTERN.fullmatch(value):
        raise ValueError(
            "must be a file, such as sqlite:////srv/collab.db, or a PostgreSQL database, such as"
            " postgresql+psycopg://user@127.0.0.1/collab"
        )
    return value


def mail_sender(value: str) -> str:
    """Parse the sender of mails: an address, with or without a name."""
    local, _, domain = parseaddr(value)[1].rpartition("@")
    if not local or not domain or not value.isprintable():
        raise ValueError("must look like 'Collab <collab@example.com>'")
    return value


#: The ports of submission, without and with TLS from the start (RFC 6409 §3.1, RFC 8314 §3.3).
SUBMISSION_PORT = 587
SUBMISSIONS_PORT = 465

IMPLICIT = "implicit"
REQUIRED = "required"
OFFERED = "offered"
OFF = "off"
STARTTLS_MODES = (REQUIRED, OFFERED, OFF)

MAIL_URL_EXPECTED = (
    "must look like smtp://user:password@mail.example.com:587 or smtps://mail.example.com"
)


@frozen
class MailServer:
    """A mail server; `tls` is `implicit`, or what becomes of STARTTLS."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: str


def mail_server(url: str) -> MailServer | None:
    """Parse a mail server's address, such as `smtp://user:password@host:587?starttls=required`.

    Empty: none. Without `starttls` it is required where a password is
    sent, used where the server offers it, and not asked for on this machine itself.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port, query = parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(MAIL_URL_EXPECTED) from None
    asked = query.pop("starttls", [None])[-1]
    wrong = parts.scheme not in ("smtp", "smtps") or not parts.hostname or query
    if wrong or parts.path.strip("/") or parts.fragment or any(map(str.isspace, url)):
        raise ValueError(MAIL_URL_EXPECTED)
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a user and a password, or neither")
    if asked is not None and (asked not in STARTTLS_MODES or parts.scheme == "smtps"):
        raise ValueError(f"takes starttls={'|'.join(STARTTLS_MODES)}, with smtp:// only")
    host = parts.hostname or ""
    implicit = parts.scheme == "smtps"
    return MailServer(
        host=host,
        port=port or (SUBMISSIONS_PORT if implicit else SUBMISSION_PORT),
        user=unquote(parts.username) if parts.username is not None else None,
        password=unquote(parts.password) if parts.password is not None else None,
        tls=IMPLICIT if implicit else asked or _by_default(host, parts.username is not None),
    )


def _by_default(host: str, with_password: bool) -> str:
    if _is_this_machine(host):
        return OFF
    return REQUIRED if with_password else OFFERED


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
