"""Bounds of what all web processes take together, where each of them can only count its own."""

from __future__ import annotations

from typing import Any

#: Settings of which each web process has its part. Clients come to whichever process is free, so
#: those of one person or address are spread over all.
DIVIDED_SETTINGS = (
    "CODE_AT_ONCE",
    "CONNECTIONS_PER_ADDRESS",
    "JOB_WORKERS",
    "LIVE_PER_ADDRESS",
    "LIVE_PER_PERSON",
    "PUBLISH_RATE_KB",
    "SIGNAL_RATE_KB",
    "SPOOL_MB",
)


def divide(values: dict[str, Any]) -> dict[str, int]:
    """Return the parts of one process of the settings that are divided; 0 stays what it means."""
    count = values["WEB_PROCESSES"]
    return {name: values[name] and max(1, values[name] // count) for name in DIVIDED_SETTINGS}
