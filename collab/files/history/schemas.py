"""What a text's history looks like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ...core.fields.flag import Flag
from ...core.fields.moment import Moment
from ...core.http.pages import PageQuery, page_of
from ...core.schemas import (
    MAX_ID,
    JsonList,
    Schema,
    Time,
    TrueOrFalse,
    WholeNumber,
    identifier,
    patterned,
)

VERSION_DESCRIPTION = "A version of the content: each change creates one."


class HistoryQuery(PageQuery):
    """Which changes of a text."""

    example = {"author": "me"}
    author = patterned(
        r"^(me|[1-9][0-9]{0,17})$",
        "Must be a person's id, or `me`.",
        1,
        18,
        load_default=None,
        metadata={"description": "Who made it: a person's id, or `me`."},
    )
    since = Moment(load_default=None, metadata={"description": "From this time on (RFC 3339)."})
    until = Moment(load_default=None, metadata={"description": "Before this time (RFC 3339)."})
    edits = Flag(
        load_default=False, metadata={"description": "Whether to show what each change did."}
    )


class EditOut(Schema):
    """One step of a change; lengths are in UTF-16 code units."""

    retain = fields.Integer()
    insert = fields.String()
    delete = fields.Integer()


class AuthorOut(Schema):
    """Who made a change."""

    example = {"id": 3, "name": "Bob"}
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class EntryOut(Schema):
    """A change of a text."""

    example = {
        "version": 2,
        "base": 1,
        "door": "rest",
        "at": "2026-03-02T09:30:00Z",
        "inserted": 5,
        "deleted": 5,
        "undoes": None,
        "edits": [{"retain": 6}, {"delete": 5}, {"insert": "there"}],
    }
    version = fields.Integer(required=True, metadata={"description": VERSION_DESCRIPTION})
    base = fields.Integer(
        required=True,
        metadata={
            "description": "The version that it changed. Where old changes were joined, it is "
            "several versions back; that of the oldest change is where the history begins."
        },
    )
    author = fields.Nested(AuthorOut, required=True, allow_none=True)
    door = fields.String(
        required=True, metadata={"description": "The door that it came through.", "example": "rest"}
    )
    at = Time(required=True)
    inserted = fields.Integer(
        required=True, metadata={"description": "UTF-16 code units that it inserted."}
    )
    deleted = fields.Integer(
        required=True, metadata={"description": "UTF-16 code units that it deleted."}
    )
    undoes = fields.List(
        fields.Integer(),
        required=True,
        allow_none=True,
        metadata={"description": "For an undo: the versions of the changes that it undid."},
    )
    edits = JsonList(
        fields.Nested(EditOut),
        required=True,
        allow_none=True,
        metadata={
            "description": "What it did to the version before it; null in a list that was not "
            "asked for edits, and if they are too long for a list."
        },
    )


HistoryPage = page_of(EntryOut)


class VersionQuery(Schema):
    """Which version of a text."""

    version = fields.Integer(
        load_default=None,
        validate=validate.Range(0, MAX_ID),
        metadata={"description": "For a text: its content at this version; by default the newest."},
    )


class DiffQuery(Schema):
    """Between which versions."""

    example = {"from": 1, "to": 2}
    from_version = fields.Integer(
        required=True,
        data_key="from",
        validate=validate.Range(0, MAX_ID),
        metadata={"description": "A version; 0 is the empty text before the first change."},
    )
    to_version = fields.Integer(
        load_default=None,
        data_key="to",
        validate=validate.Range(0, MAX_ID),
        metadata={"description": "Another version; by default the newest."},
    )


class DiffOut(Schema):
    """What turns one version into another."""

    example = {"from": 1, "to": 2, "edits": [{"retain": 6}, {"delete": 5}, {"insert": "there"}]}
    from_version = fields.Integer(required=True, data_key="from")
    to_version = fields.Integer(required=True, data_key="to")
    edits = fields.List(fields.Nested(EditOut), required=True)


class RestoreIn(Schema):
    """The version to restore."""

    example = {"version": 1}
    version = WholeNumber(
        required=True,
        validate=validate.Range(0, MAX_ID),
        metadata={"description": VERSION_DESCRIPTION},
    )


class UndoIn(Schema):
    """Whose changes to undo, from which version to which; both are included."""

    example = {"author_id": 3, "from_version": 2, "to_version": 2}
    aliases = {
        "authorId": "author_id",
        "fromVersion": "from_version",
        "toVersion": "to_version",
    }
    author_id = identifier(
        load_default=None, metadata={"description": "Whose changes; by default your own."}
    )
    from_version = identifier(required=True)
    to_version = identifier(
        load_default=None, metadata={"description": "By default the newest version."}
    )


class OutcomeOut(Schema):
    """The text after the change."""

    example = {
        "version": 3,
        "changed": True,
        "edits": [{"retain": 6}, {"delete": 5}, {"insert": "World"}],
    }
    file_id = fields.Integer(required=True)
    version = fields.Integer(required=True, metadata={"description": VERSION_DESCRIPTION})
    changed = TrueOrFalse(
        required=True, metadata={"description": "False if there was nothing to change."}
    )
    edits = fields.List(
        fields.Nested(EditOut),
        required=True,
        metadata={"description": "What was done to the version before, as merged."},
    )
