"""What code to run looks like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.schemas import Schema, identifier, patterned
from ..jobs.short_dict import ShortDict
from .languages import LANGUAGES
from .placed import MAX_FILES, MAX_FILES_BYTES, MAX_PATH_BYTES, fits_a_disk

#: Bytes of code, and of standard input, in UTF-8.
MAX_CODE_BYTES = 64 * 1024


def _short(value: str) -> None:
    """Check the length in bytes, and that it is text at all: JSON may hold half a surrogate."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ma.ValidationError("Must be valid Unicode.") from None
    if size > MAX_CODE_BYTES:
        raise ma.ValidationError("Must be at most 64 KiB of UTF-8.")


def _text(low: int, **options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(low, MAX_CODE_BYTES), _short], **options)


#: A relative path: no empty part, none of only dots, no backslash and no control character.
PATH_PATTERN = (
    r"^(?!\.{1,2}(?:/|$))[^/\\\u0000-\u001f\u007f]+"
    r"(?:/(?!\.{1,2}(?:/|$))[^/\\\u0000-\u001f\u007f]+)*$"
)
PATH_MESSAGE = "Must be a relative path such as `data/in.csv`, without `.` and `..`."


def _path(**options: Any) -> fields.String:
    return patterned(PATH_PATTERN, PATH_MESSAGE, 1, MAX_PATH_BYTES, **options)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ma.ValidationError("Must be valid Unicode.") from None


def _below(path: str) -> list[str]:
    """Return the folders that contain a path."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _check_paths(files: dict[str, str], main: str) -> None:
    """Refuse paths that can't exist together on a disk; raises ValidationError."""
    folders = {folder: path for path in (*files, main) for folder in _below(path)}
    for path in files:
        if path == main:
            raise ma.ValidationError(f"`{path}` is the code itself: give it another name.")
        if path in folders:
            raise ma.ValidationError(f"`{path}` is a folder too: `{folders[path]}` is in it.")
        if not fits_a_disk(path):
            raise ma.ValidationError("A path may have 1,024 bytes, and each name in it 255 bytes.")
    if main in folders:
        raise ma.ValidationError(f"`{main}` is the code itself, not a folder.")


class CodeIn(Schema):
    """Code to run, what it reads from standard input, and the files next to it."""

    language = fields.String(
        required=True,
        validate=validate.OneOf(sorted(LANGUAGES)),
        metadata={"example": "javascript"},
    )
    code = _text(1, required=True, metadata={"example": "console.log('Hello World')"})
    stdin = _text(
        0,
        load_default=None,
        allow_none=True,
        metadata={"description": "What the code reads; nothing (/dev/null) if left out."},
    )
    files = ShortDict(
        MAX_FILES,
        keys=_path(),
        values=fields.String(),
        metadata={
            "description": "Text files in the working folder, by their paths: modules to import, "
            "data to read. At most 100, 1 MiB of UTF-8 together.",
            "example": {"rates.csv": "currency,rate\nEUR,1\n", "tools/money.py": "CENTS = 100\n"},
        },
    )
    workspace_id = identifier(
        metadata={
            "description": "A workspace of the job's project: the code runs in it at `path`, and "
            "reads its other files, which it can't change. At most 200, 4 MiB together; the "
            "nearest come first."
        }
    )
    path = _path(
        metadata={
            "description": "Where in the workspace the code is; it runs in that folder.",
            "example": "src/main.py",
        }
    )

    @ma.validates_schema
    def _files_fit(self, data: dict[str, Any], **kwargs: Any) -> None:
        files = data.get("files")
        if not files or "language" not in data:
            return
        if "workspace_id" in data:
            raise ma.ValidationError("Give either files or workspace_id.", "files")
        try:
            _check_paths(files, LANGUAGES[data["language"]].file)
            size = sum(len(_encoded(path)) + len(_encoded(text)) for path, text in files.items())
        except ma.ValidationError as error:
            raise ma.ValidationError(error.messages, "files") from None
        if size > MAX_FILES_BYTES:
            raise ma.ValidationError("Together they must be at most 1 MiB of UTF-8.", "files")

    @ma.validates_schema
    def _workspace_has_a_path(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("workspace_id" in data) != ("path" in data):
            raise ma.ValidationError("workspace_id and path go together.", "path")
        if not fits_a_disk(data.get("path", "x")):
            raise ma.ValidationError("A name in it has more than 255 bytes.", "path")
