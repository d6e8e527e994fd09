"""What must be sent to export or erase somebody's data."""

from __future__ import annotations

from marshmallow import fields

from ...auth.schemas import known_password
from ...core.schemas import Schema


class OwnProofIn(Schema):
    """The password; without it, the log-in has to be a few minutes old at most."""

    example = {"password": "OneGiantLeap1969!"}
    password = known_password(load_default=None)


class EraseMeIn(OwnProofIn):
    """The same, and whether projects that you alone own go with you, though others work there."""

    example = {"password": "OneGiantLeap1969!", "take_projects": False}
    take_projects = fields.Boolean(load_default=False)
