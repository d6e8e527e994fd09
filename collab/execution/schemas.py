"""What code to run looks like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.schemas import Schema
from .languages import LANGUAGES

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


class CodeIn(Schema):
    """Code to run, and what it reads from standard input."""

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
