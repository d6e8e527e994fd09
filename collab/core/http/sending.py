"""Files that clients send: as the body itself, or as `file` in a form."""

from __future__ import annotations

from typing import Any

from flask import request

from ..errors import Malformed
from ..storage.blobs import ByteSource
from .representations.coding import require_plain

#: What a form takes up besides its file.
FORM_SLACK = 64 * 1024

_BYTES = {"type": "string", "format": "binary"}


def file_body(low: int) -> dict[str, Any]:
    """Describe the body of a route that takes a file of at least `low` bytes (0 or 1)."""
    file = _BYTES | {"minLength": low} if low else _BYTES
    form = {"type": "object", "required": ["file"], "properties": {"file": file}}
    return {
        "required": low > 0,
        "content": {
            "application/octet-stream": {"schema": file},
            "multipart/form-data": {"schema": form},
        },
    }


def sent_file() -> tuple[ByteSource, str, str]:
    """Return what was sent, with the sender's name for it and its type.

    Raises Malformed, UnsupportedCoding.
    """
    require_plain(request)
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        if file is None:
            raise Malformed("The form has no part named `file` with a file in it.")
        return file.stream, file.filename or "", file.mimetype
    if request.content_length is None and "Transfer-Encoding" not in request.headers:
        raise Malformed("There is no body: to send an empty file, set `Content-Length: 0`.")
    source: ByteSource = request.stream
    # curl sends this with any `--data-binary`.
    unknown = request.mimetype == "application/x-www-form-urlencoded"
    return source, "", "" if unknown else request.mimetype
