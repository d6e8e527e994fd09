"""What projects, members and invitations look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import Schema, Time, email, line, text
from .access import ROLE_NAMES
from .models import COLLABORATOR, INVITATION_SORTS, MEMBER_SORTS, PROJECT_SORTS

ROLE_CHOICE = validate.OneOf(ROLE_NAMES)


class ProjectIn(Schema):
    """A project, whole."""

    example = {"name": "Apollo", "description": "To the Moon and back."}
    name = line(120, required=True)
    description = text(2000, load_default="")


class ProjectPatch(Schema):
    """The parts of a project that change."""

    example = {"name": "Apollo 11"}
    name = line(120)
    description = text(2000)


class ProjectOut(Schema):
    """A project as its reader sees it."""

    example = {"name": "Apollo", "description": "To the Moon and back.", "role": "owner"}
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    role = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Your role; null for an admin who is not a member."},
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)


class ProjectQuery(PageQuery):
    """Which projects."""

    example = {"q": "Apollo"}
    q = fields.String(load_default=None, validate=validate.Length(max=100))
    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(["mine", "all"]),
        metadata={"description": "`all`: every project; for admins."},
    )
    sort = sort_field(PROJECT_SORTS, "id")


class MemberIn(Schema):
    """Whom to invite, and as what."""

    example = {"email": "bob@example.com", "role": "collaborator"}
    email = email(required=True)
    role = fields.String(load_default=COLLABORATOR, validate=ROLE_CHOICE)


class MemberPatch(Schema):
    """A member's new role."""

    example = {"role": "viewer"}
    role = fields.String(required=True, validate=ROLE_CHOICE)


class MemberOut(Schema):
    """A member, or an address that has been invited (then `status` says so)."""

    example = {
        "status": "member",
        "user_id": 3,
        "invitation_id": None,
        "email": "bob@example.com",
        "name": "Bob",
        "role": "collaborator",
    }
    status = fields.String(required=True, validate=validate.OneOf(["member", "invited"]))
    user_id = fields.Integer(allow_none=True, required=True)
    invitation_id = fields.Integer(allow_none=True, required=True)
    email = fields.String(required=True)
    name = fields.String(allow_none=True, required=True)
    role = fields.String(required=True, validate=ROLE_CHOICE)
    created_at = Time(required=True)


class MemberQuery(PageQuery):
    """Which members."""

    sort = sort_field(MEMBER_SORTS, "user_id")


class InvitationOut(Schema):
    """A role that waits for somebody."""

    example = {
        "project_name": "Apollo",
        "email": "vera@example.com",
        "role": "viewer",
        "invited_by": 2,
    }
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    project_name = fields.String(required=True, attribute="project.name")
    email = fields.String(required=True)
    role = fields.String(required=True, validate=ROLE_CHOICE)
    invited_by = fields.Integer(required=True)
    created_at = Time(required=True)


class InvitationQuery(PageQuery):
    """Which invitations."""

    sort = sort_field(INVITATION_SORTS, "id")


ProjectPage = page_of(ProjectOut)
MemberPage = page_of(MemberOut)
InvitationPage = page_of(InvitationOut)
