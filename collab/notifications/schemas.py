"""What notifications look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.fields.flag import Flag
from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import JsonObject, Schema, ShortList, Time, TrueOrFalse, identifier
from .models import KINDS, NOTIFICATION_SORTS


class CauseOut(Schema):
    """Who did it, under their present name."""

    example = {"id": 3, "name": "Bob"}
    id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)


class NotificationOut(Schema):
    """Something that you should know about."""

    example = {
        "kind": "assigned",
        "text": "Bob assigned you the task \u201cOrder the rocket\u201d",
        "subject": "task:1",
        "data": {"title": "Order the rocket"},
        "read_at": None,
        "read": False,
    }
    id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    text = fields.String(required=True, metadata={"description": "What happened, as a sentence."})
    actor = fields.Nested(CauseOut, required=True, allow_none=True)
    subject = fields.String(
        required=True, metadata={"description": "What it is about.", "example": "task:9"}
    )
    project_id = fields.Integer(required=True, allow_none=True)
    data = JsonObject(required=True, metadata={"description": "Further facts, by the kind."})
    created_at = Time(required=True)
    read_at = Time(required=True, allow_none=True)
    read = fields.Boolean(required=True)


class NotificationQuery(PageQuery):
    """Which of your notifications."""

    unread = Flag(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    sort = sort_field(NOTIFICATION_SORTS, "-id")


NotificationPage = page_of(NotificationOut)


class NotificationPatch(Schema):
    """Whether it has been read."""

    example = {"read": True}
    read = TrueOrFalse(required=True)


class ReadIn(Schema):
    """What has been read: some by id, those up to an id, or all; others' ids are ignored."""

    example = {"through": 12}
    ids = ShortList(identifier(), load_default=list, validate=validate.Length(max=100))
    through = identifier(load_default=None)
    all = TrueOrFalse(load_default=False)


class UnreadOut(Schema):
    """How many you have not read."""

    example = {"unread": 2, "by_kind": {"assigned": 1, "mentioned": 1}}
    unread = fields.Integer(required=True)
    by_kind = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


#: The kinds that are wanted; what a PUT leaves out is.
PreferencesIn = Schema.from_dict(
    {kind: TrueOrFalse(load_default=True) for kind in KINDS}, name="NotificationPreferencesIn"
)
PreferencesPatch = Schema.from_dict(
    {kind: TrueOrFalse() for kind in KINDS}, name="NotificationPreferencesPatch"
)
PreferencesOut = Schema.from_dict(
    {kind: fields.Boolean(required=True) for kind in KINDS}, name="NotificationPreferences"
)
