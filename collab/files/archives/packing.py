"""A workspace as a zip, written as it is sent."""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ...core.errors import ApiError
from ...core.storage.blob_store import blobs
from ...core.storage.blobs import PIECE_BYTES
from ...extensions import db
from ...workspaces.models import Workspace
from .. import names
from ..editing import store
from ..models import TEXT, File
from ..text.units import from_units
from .turns import Turn

PACKED_COLUMNS = (File.id, File.path, File.kind, File.sha256, File.updated_at)


class _Sink:
    """What a zip is written to, piece by piece; nobody can seek in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is taken."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def files_of(workspace: Workspace) -> list[Any]:
    """Return the files that are to be packed."""
    query = select(*PACKED_COLUMNS).where(File.workspace_id == workspace.id).order_by(File.path)
    return list(db.session.execute(query))


def packed(files: list[Any], turn: Turn) -> Iterator[bytes]:
    """Yield a zip of files, each as it is when its turn comes; files deleted by then are left out.

    Only one text, or one piece of bytes, is in memory at a time.
    """
    with closing(_pieces(files)) as pieces:
        while True:
            with turn.work():
                piece = next(pieces, None)
            if piece is None:
                return
            with turn.paused():
                yield piece


def _pieces(files: list[Any]) -> Generator[bytes, None, None]:
    sink, called = _Sink(), names.portable(file.path for file in files)
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
        for file in files:
            pieces = _text(file.id) if file.kind == TEXT else _bytes(file.sha256)
            first = next(pieces, None)
            if first is None:
                continue
            with archive.open(_entry(file, called[file.path]), "w") as entry:
                entry.write(first)
                for piece in pieces:
                    entry.write(piece)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


def content(file: Any) -> bytes | None:
    """Return what is in a file (its id, kind and sha256) now; None if it was deleted."""
    pieces = list(_text(file.id) if file.kind == TEXT else _bytes(file.sha256))
    return b"".join(pieces) if pieces else None


def _entry(file: Any, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _moment(file.updated_at))
    # Pictures and archives are already compressed: deflating them takes time and gains nothing.
    entry.compress_type = zipfile.ZIP_DEFLATED if file.kind == TEXT else zipfile.ZIP_STORED
    # Otherwise unpackers on Unix make files that nobody may read.
    entry.external_attr = 0o100644 << 16
    return entry


def _moment(time: datetime) -> tuple[int, int, int, int, int, int]:
    return time.year, time.month, time.day, time.hour, time.minute, time.second


def _text(file_id: int) -> Iterator[bytes]:
    """Yield a text, if it is still there; read from the disk, so that memory stays small."""
    try:
        units = store.units_at(file_id, store.current_version(file_id))
    except ApiError:
        return
    finally:
        db.session.remove()  # the reader may be slow, and a connection is not needed meanwhile
    yield from_units(units).encode()


def _bytes(digest: str) -> Iterator[bytes]:
    """Yield bytes, if they are still there."""
    try:
        file = blobs().path(digest).open("rb")
    except FileNotFoundError:
        return
    with file:
        # Once even if it is empty: no piece at all means that the file is gone.
        yield file.read(PIECE_BYTES)
        while piece := file.read(PIECE_BYTES):
            yield piece
