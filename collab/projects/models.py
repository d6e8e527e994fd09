"""Projects, members and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..auth.models import User
from ..core.models import Model, Versioned, entity_tag, utcnow

VIEWER = "viewer"
COLLABORATOR = "collaborator"
OWNER = "owner"


class AsSeen:
    """Notes the reader's role in the project; an admin who is not a member has none."""

    __allow_unmapped__ = True
    role: str | None = None
    #: Whether admins also have an owner's rights to rows that are in no project.
    admins_manage: ClassVar[bool] = False


class Owned(AsSeen):
    """Rows that are a person's own or, with a `project_id`, that project's."""

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))


class Project(AsSeen, Versioned, Model):
    """What people share."""

    __tablename__ = "projects"
    #: Ids are never reused: the log keeps the topics of deleted projects.
    __table_args__ = (
        Index("ix_projects_name_key_id", "name_key", "id"),
        Index("ix_projects_created_at_id", "created_at", "id"),
        Index("ix_projects_updated_at_id", "updated_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    #: What names are sorted by (`core/words/sorting.py`); triggers of the database keep it.
    name_key: Mapped[str] = mapped_column(Text, default="", deferred=True)
    description: Mapped[str] = mapped_column(String(2000), default="")

    @hybrid_property
    def project_id(self) -> int:
        """Return its own id, so that `access` treats a project like what is in one."""
        return self.id

    def shown_besides(self) -> tuple[object, ...]:
        """Return the reader's role."""
        return (self.role,)


class Member(Versioned, Model):
    """A person's role in a project."""

    __tablename__ = "members"
    __table_args__ = (
        Index("ix_members_user_id_project_id", "user_id", "project_id"),
        Index("ix_members_project_id_created_at_user_id", "project_id", "created_at", "user_id"),
    )

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(String(20))

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    def shown_besides(self) -> tuple[object, ...]:
        """Return what is shown about the account."""
        return (self.email, self.name)

    # The status shown for members, among those who are only invited.
    status = "member"
    invitation_id = None

    @property
    def email(self) -> str:
        """Return the person's address."""
        return self.user.email

    @property
    def name(self) -> str:
        """Return the person's name."""
        return self.user.name


class Invitation(Model):
    """A role kept for an address that has no account yet."""

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("project_id", "email"),
        Index("ix_invitations_project_id_id", "project_id", "id"),
        Index("ix_invitations_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_invitations_email_id", "email", "id"),
        Index("ix_invitations_email_created_at_id", "email", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(20))
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)

    # The status shown for invited people, among the members.
    status = "invited"
    user_id = None
    name = None

    @property
    def etag(self) -> str:
        """The tag of what never changes."""
        return entity_tag("Invitation", self.id, self.created_at)

    @property
    def invitation_id(self) -> int:
        """Return the id under another name."""
        return self.id


#: What lists may be sorted by.
PROJECT_SORTS = {
    "id": Project.id,
    "name": Project.name_key,
    "created_at": Project.created_at,
    "updated_at": Project.updated_at,
}
MEMBER_SORTS = {"user_id": Member.user_id, "created_at": Member.created_at}
INVITATION_SORTS = {"id": Invitation.id, "created_at": Invitation.created_at}
