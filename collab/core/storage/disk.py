"""Disk space: what is refused when it is short, and its state."""

from __future__ import annotations

import tempfile

from ..errors import DiskFull
from ..slots import setting
from .free_space import MIB, free_bytes, free_in

#: Growth that is still allowed while at least half of MIN_FREE_MB is free: a log-in, a mark, a
#: farewell.
SMALL_GROWTH_BYTES = 4096
#: Bytes that are written to find out whether writing works.
PROBE_BYTES = 4096


def require_free(growth: int) -> None:
    """Refuse growth while less than MIN_FREE_MB is free; raises DiskFull.

    That reserve is for what must not fail: the database's own work, and tidying up.
    """
    least = int(setting("MIN_FREE_MB")) * MIB
    if growth > 0 and free_bytes() < (least // 2 if growth <= SMALL_GROWTH_BYTES else least):
        raise DiskFull()


def state() -> str:
    """Return the disk's state for `/ready`; writes a little, to see whether that works."""
    folder, least = setting("INSTANCE_PATH"), setting("MIN_FREE_MB")
    free = free_in(folder) // MIB
    if free < least:
        return f"full: {free} MiB are free, and {least} must be (MIN_FREE_MB)"
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
    except OSError as error:
        return f"can't be written: {error.strerror}"
    return "ok"
