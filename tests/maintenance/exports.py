"""Ordering, making and fetching exports."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx

from ..support.jobs import Desk
from ..support.people import PASSWORD, Person, ok

PROOF = {"password": PASSWORD}


def ordered(who: Person) -> dict[str, Any]:
    """Order somebody's export; returns the job."""
    return dict(ok(who.post("/auth/me/export")))


def made(who: Person, desk: Desk) -> dict[str, Any]:
    """Have somebody's export made; returns the job as it ended."""
    job = ordered(who)
    desk.work()
    return dict(ok(who.get(f"/jobs/{job['id']}")))


def fetch(who: Person, **options: Any) -> httpx.Response:
    """Ask for somebody's export."""
    return who.post("/auth/me/export/download", PROOF, **options)


def opened(answer: httpx.Response) -> zipfile.ZipFile:
    """Open the archive that was fetched."""
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def kept(instance: Path) -> list[str]:
    """Return the names of the exports on the disk."""
    return sorted(path.name for path in (instance / "exports").glob("*"))
