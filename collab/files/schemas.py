"""What files look like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, Ready, Schema, ShortList, Time, WholeNumber, patterned
from . import names
from .editing.live_text import MAX_TEXT_BYTES
from .history.schemas import EditOut
from .models import FILE_KINDS, FILE_SORTS
from .paths import MAX_PATH_LENGTH, PATH_DESCRIPTION, PATH_PATTERN, composed
from .text.tidying import NO_NUL_DETAIL

NAMES = {"name": "path", "fileName": "path", "file_name": "path"}
NO_NUL = r"^[^\u0000]*$"
PREFIX_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]*$"
UNITS_DESCRIPTION = "Lengths are UTF-16 code units, as editors and JavaScript count: 😀 is 2."


class Path(fields.String):
    """A path in a workspace, composed."""

    def __init__(self, **options: Any) -> None:
        text = patterned(PATH_PATTERN, f"Must be a path. {PATH_DESCRIPTION}", 1, MAX_PATH_LENGTH)
        metadata = {**text.metadata, "description": PATH_DESCRIPTION, **options.pop("metadata", {})}
        super().__init__(validate=text.validators, metadata=metadata, **options)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Compose a path that has passed the checks, which may make it longer."""
        sent = super().deserialize(value, *args, **kwargs)
        if isinstance(sent, str) and len(sent := composed(sent)) > MAX_PATH_LENGTH:
            raise ma.ValidationError(
                f"Composed (NFC), it has more than {MAX_PATH_LENGTH} characters."
            )
        if isinstance(sent, str) and (wrong := names.trouble(sent)) is not None:
            raise ma.ValidationError(f"Must be a valid name on all systems: {wrong}.")
        return sent


class FileIn(Schema):
    """A text and its path."""

    example = {"path": "src/main.py", "content": "print('Hello Moon')\n"}
    aliases = NAMES
    path = Path(required=True)
    content = patterned(
        NO_NUL,
        NO_NUL_DETAIL,
        0,
        MAX_TEXT_BYTES,
        load_default="",
        metadata={"example": "print('Hello World')\n", "description": "At most 2 MiB of UTF-8."},
    )


class FileQuery(Schema):
    """The path of a file that is sent as it is."""

    example = {"path": "src/main.py"}
    aliases = NAMES
    path = Path(
        load_default=None,
        metadata={"description": f"With it, the body is the file itself. {PATH_DESCRIPTION}"},
    )


class FilePatch(Schema):
    """A file's new path."""

    example = {"path": "src/app.py"}
    aliases = NAMES
    path = Path()


class FileOut(Schema):
    """A file: text that is edited together, or bytes."""

    example = {
        "path": "src/main.py",
        "name": "main.py",
        "kind": "text",
        "content_type": "text/x-python",
        "size": 21,
        "sha256": None,
        "version": 1,
    }
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    workspace_id = fields.Integer(required=True)
    path = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "The last part of the path."})
    kind = fields.String(required=True, validate=validate.OneOf(FILE_KINDS))
    content_type = fields.String(
        required=True, metadata={"description": "The type of the content, found from its bytes."}
    )
    size = fields.Integer(
        required=True, metadata={"description": "In bytes; for a text, those of its UTF-8."}
    )
    sha256 = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "For binary files; a text has none."},
    )
    version = fields.Integer(
        required=True,
        attribute="content_version",
        metadata={"description": "The content's version; 0 is an empty text that never changed."},
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)


class FileListQuery(PageQuery):
    """Which files of a workspace."""

    example = {"prefix": "src/"}
    prefix = patterned(
        PREFIX_PATTERN,
        "Must not have control characters.",
        0,
        MAX_PATH_LENGTH,
        load_default="",
        metadata={"description": "What the paths begin with, such as `src/`.", "example": "src/"},
    )
    kind = fields.String(load_default=None, validate=validate.OneOf(FILE_KINDS))
    sort = sort_field(FILE_SORTS, "path")


FilePage = page_of(FileOut)


class FolderMoveIn(Schema):
    """A folder and its new path."""

    example = {"from": "src", "to": "lib/src"}
    source = Path(required=True, data_key="from", metadata={"example": "src"})
    target = Path(required=True, data_key="to", metadata={"example": "lib/src"})


class FolderMovedOut(Schema):
    """How many files moved with it."""

    example = {"moved": 3}
    moved = fields.Integer(required=True)


class ContentQuery(Schema):
    """What the sender's text is based on."""

    aliases = {"baseVersion": "base_version"}
    base_version = fields.Integer(
        load_default=None,
        validate=validate.Range(0, MAX_ID),
        metadata={
            "description": "For a text: the version that yours is based on. What others changed "
            "since is kept. Without it, yours replaces the text, whatever it says now."
        },
    )


class EditIn(Schema):
    """One step along a text: exactly one of the three."""

    retain = WholeNumber(validate=validate.Range(1, MAX_TEXT_BYTES))
    insert = patterned(NO_NUL, NO_NUL_DETAIL, 1, MAX_TEXT_BYTES)
    delete = WholeNumber(validate=validate.Range(1, MAX_TEXT_BYTES))

    @ma.validates_schema
    def _one(self, data: dict[str, Any], **kwargs: Any) -> None:
        if len(data) != 1:
            raise ma.ValidationError("Must be one of `retain`, `insert` and `delete`.")


class EditsIn(Schema):
    """Edits made to a version of a text."""

    example = {"base_version": 1, "edits": [{"retain": 6}, {"delete": 5}, {"insert": "there"}]}
    aliases = {"baseVersion": "base_version"}
    base_version = WholeNumber(
        required=True,
        validate=validate.Range(0, MAX_ID),
        metadata={"description": "The version that the edits were made to.", "example": 1},
    )
    edits = ShortList(
        fields.Nested(EditIn, metadata={"minProperties": 1, "maxProperties": 1}),
        required=True,
        validate=validate.Length(1, 1000),
        metadata={
            "description": f"Steps from the beginning; the rest is kept. {UNITS_DESCRIPTION}",
            "example": [{"retain": 6}, {"delete": 5}, {"insert": "there"}],
        },
    )


class EditedOut(Schema):
    """Edits as applied: they turned the version before into `version`."""

    example = {"version": 2, "edits": [{"retain": 6}, {"delete": 5}, {"insert": "there"}]}
    file_id = fields.Integer(required=True)
    version = fields.Integer(required=True)
    edits = fields.List(
        fields.Nested(EditOut),
        required=True,
        metadata={"description": f"As applied, after what others had changed. {UNITS_DESCRIPTION}"},
    )


class FolderOut(Schema):
    """A part of a tree: a folder with what is in it, or a file."""

    example = {
        "name": "src",
        "path": "src",
        "type": "folder",
        "children": [
            {
                "name": "main.py",
                "path": "src/main.py",
                "type": "file",
                "id": 1,
                "kind": "text",
                "size": 21,
            }
        ],
    }
    name = fields.String(required=True)
    path = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(["folder", "file"]))
    id = fields.Integer(metadata={"description": "For a file."})
    kind = fields.String(metadata={"description": "For a file."})
    size = fields.Integer(metadata={"description": "For a file, in bytes."})
    children = fields.List(
        fields.Nested(lambda: FolderOut()), metadata={"description": "For a folder: by name."}
    )


class TreeOut(Schema):
    """All files of a workspace in their folders."""

    items = Ready(fields.Nested(FolderOut), required=True)


class RunIn(Schema):
    """What a program reads."""

    example = {"stdin": "5 7"}
    body_optional = True
    stdin = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(0, 64 * 1024),
        metadata={"description": "Standard input: at most 64 KiB of UTF-8.", "example": "5 7"},
    )


class SmallIn(Schema):
    """The box that a thumbnail has to fit in, in pixels."""

    example = {"width": 128}
    body_optional = True
    width = WholeNumber(
        load_default=256, validate=validate.Range(16, 2048), metadata={"example": 128}
    )
    height = WholeNumber(load_default=256, validate=validate.Range(16, 2048))
    format = fields.String(validate=validate.OneOf(["PNG", "JPEG", "WEBP"]))


FAIL = "fail"
REPLACE = "replace"
SKIP = "skip"
CONFLICTS = (FAIL, REPLACE, SKIP)


class ArchiveQuery(Schema):
    """What happens to existing files that are also in the archive."""

    conflict = fields.String(
        load_default=FAIL,
        validate=validate.OneOf(CONFLICTS),
        metadata={
            "description": "`fail`: nothing is unpacked (409); `skip`: they stay; `replace`: "
            "they get the archive's content, a text by the smallest change."
        },
    )


class ArchiveOut(Schema):
    """How many files an archive made, changed and left as they were."""

    example = {"created": 3, "replaced": 0, "skipped": 1}
    created = fields.Integer(required=True)
    replaced = fields.Integer(required=True)
    skipped = fields.Integer(required=True)
