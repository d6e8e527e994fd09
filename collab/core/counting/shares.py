"""Limits on what all web processes use together, where each can only count its own."""

from __future__ import annotations

from typing import Any

#: Settings that the web processes share out. Clients come to whichever process is free, so those of
#: one person or address are spread over all.
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
    """Return one process's part of each divided setting; 0 keeps its meaning."""
    count = values["WEB_PROCESSES"]
    return {name: values[name] and max(1, values[name] // count) for name in DIVIDED_SETTINGS}
