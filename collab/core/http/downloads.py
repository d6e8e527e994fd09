"""Files to keep: sent as attachments, so that no browser shows or runs what somebody made.

Nothing but plain text, which runs nowhere, may be sent for showing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from flask import Response, send_file


def download(
    file: Path | BinaryIO, content_type: str, name: str, *, attached: bool = True, **options: Any
) -> Response:
    """Answer with a file, or the range of it that was asked for (RFC 9110 §14).

    Raises FileNotFoundError.
    """
    response = send_file(
        file, mimetype=content_type, as_attachment=attached, download_name=name, **options
    )
    # Flask says of any text that it is UTF-8; the bytes may be something else.
    response.headers["Content-Type"] = content_type
    # Without a rule for caches it gets that of all answers: private to one person.
    del response.headers["Cache-Control"]
    return response
