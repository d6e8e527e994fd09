"""Settings with which an application does nothing by itself."""

from __future__ import annotations

#: What works beside requests, switched off.
NOTHING_BESIDE = {
    "JOB_WORKERS": "0",
    "NOTIFIER": "off",
    "WEBHOOKS": "off",
    "SCHEDULES": "off",
    "INGEST_WORKER": "off",
    "HOUSEKEEPING": "off",
}
