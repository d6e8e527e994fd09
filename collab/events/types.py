"""What an event is, and the types that members may publish themselves."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar

from ..frozen import frozen
from .corrections import Correction

#: The pattern of a type: words, joined by dots or underscores.
TYPE_PATTERN = r"[a-z][a-z0-9]{0,31}(?:[._][a-z0-9]{1,32}){0,7}"


@frozen(kw_only=True)
class Event:
    """Something that happened."""

    type: ClassVar[str]
    #: What it takes away from live readers, before anything after it reaches them.
    corrects: ClassVar[Correction | None] = None

    @property
    def topic(self) -> str:
        """The topic on which it is sent."""
        raise LookupError(f"{type(self).__name__} has no topic")

    @property
    def scope(self) -> int | None:
        """Return the project that it belongs to, if any."""
        return getattr(self, "project_id", None)

    def data(self) -> dict[str, Any]:
        """Return its facts."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@frozen(kw_only=True)
class ProjectEvent(Event):
    """Something that happened in a project."""

    project_id: int

    @property
    def topic(self) -> str:
        """Return the topic of the project's followers."""
        return f"project:{self.project_id}"


@frozen(kw_only=True)
class AccountEvent(Event):
    """Something that happened to a person's account."""

    user_id: int

    @property
    def topic(self) -> str:
        """Return the person's topic."""
        return f"user:{self.user_id}"


@frozen(kw_only=True)
class AuditEvent(Event):
    """Something that only admins see."""

    @property
    def topic(self) -> str:
        """Return the admins' topic."""
        return "audit"


@frozen
class OpenType:
    """A type that members publish themselves."""

    name: str
    meaning: str
    kept: bool
    right: str


#: Those that are `kept` become rows; the others are fanned out and forgotten.
OPEN_TYPES = {
    kind.name: kind
    for kind in (
        OpenType("file.changed", "A member changed a file in an editor.", True, "write"),
        OpenType("activity", "A member did something worth sharing.", True, "write"),
        OpenType("typing", "A member is typing.", False, "write"),
        OpenType("cursor.moved", "A person's cursor moved; a viewer has one too.", False, "appear"),
    )
}

#: What presence itself sends; never rows.
PRESENCE_TYPES = {
    "user.joined": "A person came to the topic (with the first of their connections).",
    "user.left": "A person left (with the last of their connections).",
}


def same_type(name: str) -> str:
    """Return the form in which two spellings of a type are equal."""
    return name.replace("_", ".")
