"""What happens in projects: members, invitations, workspaces."""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from ..corrections import DropProject, DropTopic, ReadAnew
from ..types import ProjectEvent


@frozen(kw_only=True)
class ProjectCreated(ProjectEvent):
    """A project was made."""

    type = "project.created"
    name: str


@frozen(kw_only=True)
class ProjectUpdated(ProjectEvent):
    """A project's name or description changed; `changes` has the new values."""

    type = "project.updated"
    changes: dict[str, Any]


@frozen(kw_only=True)
class ProjectDeleted(ProjectEvent):
    """A project was deleted with everything in it."""

    type = "project.deleted"
    corrects = DropProject()


@frozen(kw_only=True)
class MemberAdded(ProjectEvent):
    """A person became a member."""

    type = "member.added"
    user_id: int
    role: str


@frozen(kw_only=True)
class MemberRoleChanged(ProjectEvent):
    """A member's role changed."""

    type = "member.role_changed"
    corrects = ReadAnew()
    user_id: int
    role: str


@frozen(kw_only=True)
class MemberRemoved(ProjectEvent):
    """A member was removed, or left: nothing from the project reaches them after this."""

    type = "member.removed"
    corrects = DropProject("user_id")
    user_id: int


@frozen(kw_only=True)
class InvitationCreated(ProjectEvent):
    """An address without an account was invited."""

    type = "invitation.created"
    invitation_id: int
    role: str


@frozen(kw_only=True)
class InvitationRevoked(ProjectEvent):
    """An invitation was taken back."""

    type = "invitation.revoked"
    invitation_id: int


@frozen(kw_only=True)
class InvitationDeclined(ProjectEvent):
    """An invited person declined."""

    type = "invitation.declined"
    invitation_id: int


@frozen(kw_only=True)
class WorkspaceCreated(ProjectEvent):
    """A workspace was made in the project."""

    type = "workspace.created"
    workspace_id: int
    name: str


@frozen(kw_only=True)
class WorkspaceUpdated(ProjectEvent):
    """A workspace's name or settings changed; `changes` has the new values."""

    type = "workspace.updated"
    workspace_id: int
    changes: dict[str, Any]


@frozen(kw_only=True)
class WorkspaceDeleted(ProjectEvent):
    """A workspace was deleted; its topic ends."""

    type = "workspace.deleted"
    corrects = DropTopic("workspace:{workspace_id}")
    workspace_id: int
