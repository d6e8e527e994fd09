"""What a setting is: a name with its meaning, default and check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .frozen import frozen
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

#: Ends the name of the variable that says which file a confidential setting is in.
FILE_SUFFIX = "_FILE"


@frozen
class Setting:
    """One setting: its name, default, check and meaning (docs/settings.md has them all)."""

    name: str
    default: str
    parse: Parser
    meaning: str

    def read(self, environ: Mapping[str, str]) -> Any:
        """Return the checked value; raises ConfigError naming the setting."""
        value = self._given(environ)
        try:
            return self.parse(value)
        except ValueError as error:
            shown = "" if self.is_confidential else f" is {value!r}, but it"
            raise ConfigError(f"{self.name}{shown} {error}.") from None

    @property
    def is_confidential(self) -> bool:
        """Return whether it is a secret, or may hold one; then it may come from a file, too."""
        return self.parse in CONFIDENTIAL_READERS

    def _given(self, environ: Mapping[str, str]) -> str:
        """Return its text: from a file where NAME_FILE says so, as containers get secrets."""
        variable = self.name + FILE_SUFFIX
        path = environ.get(variable) if self.is_confidential else None
        if not path:
            return environ.get(self.name, self.default)
        if environ.get(self.name):
            raise ConfigError(f"{self.name} and {variable} are both set: set only one of them.")
        try:
            return Path(path).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{variable} is {path!r}, which can't be read: {error}.") from None
