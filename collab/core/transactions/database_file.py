"""Where a database lies that is a file: what is kept beside it is found by that."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url


def database_file(url: str) -> Path | None:
    """Return the file that an address names, or None if it is a server's.

    In an address a name is quoted: `/srv/100%25` is the folder `100%`.
    """
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return None
    return Path(parts.database)
