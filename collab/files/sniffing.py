"""What a file is, by its content; what its sender says about it counts for nothing."""

from __future__ import annotations

from .editing.live_text import MAX_TEXT_BYTES
from .models import BINARY, TEXT

PLAIN_TEXT = "text/plain"
UNKNOWN_TYPE = "application/octet-stream"

#: How files of a type begin: (where, bytes, type); the first match counts.
MAGIC_NUMBERS = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"BM", "image/bmp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\x00asm", "application/wasm"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"wOF2", "font/woff2"),
    (0, b"wOFF", "font/woff"),
)
#: Bytes needed to recognise a type.
HEAD_BYTES = 262


def text_of(data: bytes) -> str | None:
    """Return bytes as a text; None if they are not one (UTF-8 without NUL)."""
    if b"\x00" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def sniff(data: bytes) -> tuple[str, str]:
    """Return the kind and the type of a file that is given whole, or without its end."""
    if len(data) <= MAX_TEXT_BYTES and not data.startswith(b"%PDF-") and text_of(data) is not None:
        return TEXT, PLAIN_TEXT
    return BINARY, binary_type(data)


def binary_type(data: bytes) -> str:
    """Return the type of bytes, by how they begin."""
    fitting = (kind for at, magic, kind in MAGIC_NUMBERS if data[at : at + len(magic)] == magic)
    return next(fitting, UNKNOWN_TYPE)
