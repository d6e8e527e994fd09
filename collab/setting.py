"""What a setting is: a name with its meaning, default and check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .parsers import (
    Parser,
    database_url,
    mail_server,
    postgres_url,
    redis_url,
    secret,
    secrets,
    token,
)

ROOT = Path(__file__).resolve().parent.parent


class ConfigError(Exception):
    """A setting is wrong; the message names it and says what it must be."""


#: What these read is not repeated in an error: a secret, or an address that may hold a password.
CONFIDENTIAL_READERS = (
    secret,
    secrets,
    token,
    database_url,
    postgres_url,
    redis_url,
    mail_server,
)


@dataclass(frozen=True)
class Setting:
    """One setting: its name, default, check and meaning (docs/settings.md has them all)."""

    name: str
    default: str
    parse: Parser
    meaning: str

    def read(self, environ: Mapping[str, str]) -> Any:
        """Return the checked value; raises ConfigError naming the setting."""
        value = environ.get(self.name, self.default)
        try:
            return self.parse(value)
        except ValueError as error:
            shown = "" if self.parse in CONFIDENTIAL_READERS else f" is {value!r}, but it"
            raise ConfigError(f"{self.name}{shown} {error}.") from None
