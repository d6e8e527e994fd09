"""A server that is killed while it makes an export."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..support.people import Person, ok
from ..support.waiting import eventually
from .exports import fetch, kept, opened, ordered


def content_of(instance: Path, content: bytes) -> Path:
    """Return the file in which the bytes of an upload are kept."""
    digest = sha256(content).hexdigest()
    return instance / "blobs" / digest[:2] / digest


def test_an_export_is_whole_though_the_server_was_killed_in_its_middle(
    quiet: Any, alice: Person, over: Any, instance: Path
) -> None:
    dies = quiet(JOB_WORKERS="1")
    me = over(dies, alice)
    files = [os.urandom(2**20) for _ in range(2)]
    for content in files:
        me.uploads(content)
    last = content_of(instance, files[-1])
    last.unlink()
    os.mkfifo(last)  # whoever reads it waits for bytes that never come
    job = ordered(me)["id"]
    begun = instance / "exports" / f"{alice.id}.{job}.1.zip"
    eventually(lambda: begun.exists() and begun.stat().st_size > 2**19)
    dies.kill()
    assert kept(instance) == [begun.name]
    last.unlink()
    last.write_bytes(files[-1])

    me = over(quiet(JOB_WORKERS="1", HOUSEKEEPING="on"), alice)
    eventually(lambda: ok(me.get(f"/jobs/{job}"))["status"] == "succeeded")
    eventually(lambda: kept(instance) == [f"{alice.id}.{job}.2.zip"])
    with opened(fetch(me)) as archive:
        names = [name for name in archive.namelist() if name.startswith("files/")]
        assert sorted(archive.read(name) for name in names) == sorted(files)
