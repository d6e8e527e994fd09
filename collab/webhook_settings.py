"""The settings of webhooks, incoming hooks and people's own requests."""

from __future__ import annotations

from .parsers import rate, switch, whole
from .setting import Setting

WEBHOOK_SETTINGS = (
    Setting("WEBHOOKS", "on", switch, "whether this process makes deliveries to webhooks"),
    Setting(
        "ALLOW_PRIVATE_WEBHOOKS",
        "off",
        switch,
        "whether webhooks may have plain http, and addresses that are not public",
    ),
    Setting(
        "WEBHOOK_BACKLOG",
        "1000",
        whole(1, 100_000),
        "deliveries of one webhook that wait; any more wait in the log",
    ),
    Setting("WEBHOOKS_AT_ONCE", "2", whole(1, 64), "webhooks that are delivered to at once"),
    Setting(
        "WEBHOOK_DISABLE_DAYS",
        "5",
        whole(1, 365),
        "days without a success after which a webhook is disabled",
    ),
    Setting(
        "WEBHOOK_RETENTION_DAYS",
        "30",
        whole(0, 3650),
        "days that ended deliveries stay; 0: until newer ones push them out",
    ),
    Setting(
        "WEBHOOK_DELIVERIES_KEPT",
        "5000",
        whole(1, 1_000_000),
        "ended deliveries of one webhook that are kept",
    ),
    Setting(
        "WEBHOOK_JOB_RATE_LIMIT",
        "60 per minute",
        rate,
        "jobs of the type `webhook` of one person",
    ),
    Setting("HOOK_RATE_LIMIT", "600 per minute", rate, "messages to one incoming hook"),
)
