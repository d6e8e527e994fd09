"""Archives to unpack."""

from __future__ import annotations

import io
import zipfile


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip of entries, in their order, whatever they are called."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            kind = zipfile.ZIP_DEFLATED if isinstance(name, str) else None
            archive.writestr(name, content, kind)
    return buffer.getvalue()


def zipped(**texts: str) -> bytes:
    """Return a zip of texts by their names."""
    return packed(*((name, text.encode()) for name, text in texts.items()))


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return what is in a zip that must be whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}
