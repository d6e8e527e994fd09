"""The catalogue of what can happen: one frozen dataclass a type, in the past tense.

The docstrings become the AsyncAPI document. A type that is not here may be published by members
under a name of their own, as long as its first word is not one of the server's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from .types import (
    OPEN_TYPES,
    PRESENCE_TYPES,
    AccountEvent,
    Event,
    ProjectEvent,
    same_type,
)


@dataclass(frozen=True, kw_only=True)
class AccountRegistered(AccountEvent):
    """A person registered."""

    type = "account.registered"
    role: str


@dataclass(frozen=True, kw_only=True)
class AccountUpdated(AccountEvent):
    """A person changed what others see of the account."""

    type = "account.updated"
    name: str


@dataclass(frozen=True, kw_only=True)
class AccountDisabled(AccountEvent):
    """An admin disabled an account: its connections end."""

    type = "account.disabled"
    changes_rights = True


@dataclass(frozen=True, kw_only=True)
class AccountEnabled(AccountEvent):
    """An admin enabled a disabled account again."""

    type = "account.enabled"


@dataclass(frozen=True, kw_only=True)
class AccountRoleChanged(AccountEvent):
    """An admin changed an account's global role: its connections end and must be made anew."""

    type = "account.role_changed"
    changes_rights = True
    role: str


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(AccountEvent):
    """A person changed the password; the other sessions ended."""

    type = "account.password_changed"


@dataclass(frozen=True, kw_only=True)
class SessionStarted(AccountEvent):
    """Somebody logged in to the account."""

    type = "session.started"
    session_id: int


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(AccountEvent):
    """A session ended before its time: its connections end. `reason` says why."""

    type = "session.revoked"
    changes_rights = True
    session_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ProjectCreated(ProjectEvent):
    """A project was made."""

    type = "project.created"
    name: str


@dataclass(frozen=True, kw_only=True)
class ProjectUpdated(ProjectEvent):
    """A project's name or description changed; `changes` has the new values."""

    type = "project.updated"
    changes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ProjectDeleted(ProjectEvent):
    """A project was deleted with all below it."""

    type = "project.deleted"
    changes_rights = True


@dataclass(frozen=True, kw_only=True)
class MemberAdded(ProjectEvent):
    """A person became a member."""

    type = "member.added"
    user_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberRoleChanged(ProjectEvent):
    """A member's role changed."""

    type = "member.role_changed"
    changes_rights = True
    user_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(ProjectEvent):
    """A member was removed, or left: nothing of the project reaches him after this."""

    type = "member.removed"
    changes_rights = True
    user_id: int


@dataclass(frozen=True, kw_only=True)
class InvitationCreated(ProjectEvent):
    """An address without an account was invited."""

    type = "invitation.created"
    invitation_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class InvitationRevoked(ProjectEvent):
    """An invitation was taken back."""

    type = "invitation.revoked"
    invitation_id: int


@dataclass(frozen=True, kw_only=True)
class InvitationDeclined(ProjectEvent):
    """An invited person declined."""

    type = "invitation.declined"
    invitation_id: int


@dataclass(frozen=True, kw_only=True)
class WorkspaceCreated(ProjectEvent):
    """A workspace was made in the project."""

    type = "workspace.created"
    workspace_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class WorkspaceUpdated(ProjectEvent):
    """A workspace's name or settings changed; `changes` has the new values."""

    type = "workspace.updated"
    workspace_id: int
    changes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WorkspaceDeleted(ProjectEvent):
    """A workspace was deleted; its topic ends."""

    type = "workspace.deleted"
    changes_rights = True
    workspace_id: int


@cache
def catalogue() -> dict[str, type[Event]]:
    """Return every type that the server itself records."""
    found: dict[str, type[Event]] = {}
    pending = [Event]
    while pending:
        for kind in pending.pop().__subclasses__():
            pending.append(kind)
            if "type" in vars(kind):
                found[kind.type] = kind
    return found


@cache
def _spellings() -> dict[str, str]:
    return {same_type(kind): kind for kind in catalogue()}


def canonical_type(name: str) -> str:
    """Return a type's one spelling: the catalogue's, or dots throughout."""
    wanted = same_type(name)
    return _spellings().get(wanted, wanted)


@cache
def _namespaces() -> frozenset[str]:
    return frozenset(kind.split(".")[0] for kind in catalogue())


def reserved(name: str) -> bool:
    """Tell whether only the server may record this type: its first word is one of the server's."""
    first = name.split(".")[0]
    return name not in OPEN_TYPES and (first in _namespaces() or name in PRESENCE_TYPES)
