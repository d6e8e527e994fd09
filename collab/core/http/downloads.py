"""Files and tables to download: attachments, so that no browser shows or runs what somebody made.

Only plain text, which runs nowhere, may be sent for showing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, ParamSpec

from flask import Response, request, send_file

from ..lists.tables import CSV_TYPE, csv_lines
from .etags import conditional
from .representations.ranges import send_parts
from .traits import Trait, mark

P = ParamSpec("P")


def download(
    file: Path | BinaryIO, content_type: str, name: str, *, attached: bool = True, **options: Any
) -> Response:
    """Answer with a file, or the parts of it that were asked for (RFC 9110 §14).

    `options` are its `etag` and `last_modified`. Raises FileNotFoundError, Unsatisfiable.
    """
    opened = file.open("rb") if isinstance(file, Path) else file
    try:
        return _downloaded(opened, content_type, name, attached, options)
    except BaseException:
        opened.close()
        raise


def _downloaded(
    file: BinaryIO, content_type: str, name: str, attached: bool, options: dict[str, Any]
) -> Response:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    response = send_file(
        file,
        mimetype=content_type,
        as_attachment=attached,
        download_name=name,
        conditional=False,
        **options,
    )
    response.content_length = size
    response.call_on_close(file.close)
    # Flask declares any text as UTF-8; the bytes may be something else.
    response.headers["Content-Type"] = content_type
    # Without its own rule for caches it gets that of all answers: private to one person.
    response.headers.pop("Cache-Control", None)
    conditional(response)
    # Not for 304: there is no body to take parts of.
    if response.status_code == 200:
        send_parts(response, file, size)
    return response


#: Says whether a table is all that was asked for.
COMPLETE_HEADER = "Collab-Complete"

#: Turns what a view returns into the rows of a table, the first of them with the columns' names.
Rows = Callable[[Any], Iterable[Sequence[Any]]]


def tabular(name: str, rows: Rows) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Send what a view returns as CSV (RFC 4180), in a file of this name, if that is preferred.

    It stands above `linked`. A table that is not all that was asked for says so in
    `Collab-Complete`.
    """

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            answer = view(*args, **kwargs)
            found, headers = (answer[0], answer[2]) if isinstance(answer, tuple) else (answer, {})
            if not _prefers_csv():
                return found, None, headers | {"Vary": "Accept"}
            return _file(name, csv_lines(rows(found)), headers, getattr(found, "complete", True))

        return mark(wrapper, Trait.TABULAR)

    return decorate


def _prefers_csv() -> bool:
    accepted = request.accept_mimetypes
    return accepted[CSV_TYPE] > accepted["application/json"]


def _file(name: str, body: bytes, headers: dict[str, str], complete: bool) -> Response:
    more = {
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        COMPLETE_HEADER: str(complete).lower(),
    }
    return Response(body, headers=headers | more, content_type=f"{CSV_TYPE}; charset=utf-8")
