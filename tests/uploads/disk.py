"""What uploads leave on disk."""

from __future__ import annotations

import contextlib
from pathlib import Path


def files_in(instance: Path) -> list[bytes]:
    """Return the content of all files that uploads have made, those being received included."""
    paths = sorted(path for path in (instance / "blobs").rglob("*") if path.is_file())
    found = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # deleted while we look
            if not path.name.startswith("."):  # whose files they are, and a lock
                found.append(path.read_bytes())
    return found
