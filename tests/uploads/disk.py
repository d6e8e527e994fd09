"""What uploads leave on disk."""

from __future__ import annotations

from pathlib import Path


def files_in(instance: Path) -> list[bytes]:
    """Return the content of all files that uploads have made, those being received included."""
    return [path.read_bytes() for path in sorted((instance / "blobs").rglob("*")) if path.is_file()]
