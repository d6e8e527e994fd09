"""Settings: every one with its meaning, default and check; from the environment or `.env`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import provider_settings
from .auth_settings import AUTH_SETTINGS
from .mail_settings import MAIL_SETTINGS
from .parsers import (
    database_url,
    domain,
    folder,
    one_of,
    origins,
    plugins,
    postgres_url,
    rate,
    redis_url,
    secret,
    secrets,
    switch,
    token,
    web_address,
    whole,
)
from .setting import ROOT as ROOT
from .setting import ConfigError as ConfigError
from .setting import Setting
from .webhook_settings import WEBHOOK_SETTINGS

SETTINGS = (
    Setting(
        "INSTANCE_PATH", str(ROOT / "instance"), folder, "where keys, database and uploads live"
    ),
    Setting(
        "PORT",
        "5000",
        whole(1, 65535),
        "port that `python app.py` serves on, unless `--port` is given",
    ),
    Setting(
        "DATABASE_URL", "", database_url, "SQLite or PostgreSQL; empty: INSTANCE_PATH/collab.db"
    ),
    Setting("DATABASE_POOL", "16", whole(1, 1000), "connections that a process keeps open"),
    Setting("DATABASE_POOL_OVERFLOW", "64", whole(0, 1000), "more that it opens for a while"),
    Setting(
        "SQLITE_SYNCHRONOUS",
        "full",
        one_of("full", "normal"),
        "`full`: an acknowledged write survives a power cut; `normal`: only a crash of the process",
    ),
    Setting(
        "DATABASE_TIMEOUT_SECONDS",
        "10",
        whole(1, 600),
        "how long a change waits for other changes before it is refused (503)",
    ),
    Setting(
        "SECRET_KEY", "", secret, "seals stored answers; empty: generated on first use and kept"
    ),
    Setting("JWT_SECRET_KEY", "", secret, "signs and encrypts tokens; empty: generated and kept"),
    Setting(
        "SEALING_KEY",
        "",
        secret,
        "seals secrets that are kept (second factors, webhooks); empty: generated and kept",
    ),
    Setting(
        "SECRET_KEY_FALLBACKS",
        "",
        secrets,
        "older keys that still open what they sealed, separated by `|`",
    ),
    Setting("JWT_SECRET_KEY_FALLBACKS", "", secrets, "older keys for tokens"),
    Setting("SEALING_KEY_FALLBACKS", "", secrets, "older keys for secrets that are kept"),
    *AUTH_SETTINGS,
    Setting(
        "CORS_ORIGINS", "", origins, "origins that may call from a browser, or `*`; empty: none"
    ),
    Setting(
        "SOCKET_ORIGINS",
        "",
        origins,
        "origins whose pages may open sockets, besides this service's own and CORS_ORIGINS; or `*`",
    ),
    Setting(
        "RATE_LIMIT",
        "300 per minute",
        rate,
        "requests per user, or per address; preflights: 30 times that",
    ),
    Setting(
        "AUTH_RATE_LIMIT",
        "5 per 15 minutes",
        rate,
        "failed log-ins and registrations per address and e-mail",
    ),
    Setting("SECOND_FACTOR_RATE_LIMIT", "5 per 15 minutes", rate, "wrong codes before waits"),
    Setting("SECOND_FACTOR_SECONDS", "300", whole(30, 3600), "to show a second factor"),
    Setting("PASSKEY_DOMAIN", "", domain, "the domain of passkeys; empty: the host's name"),
    Setting("PERSONAL_TOKEN_DAYS", "365", whole(1, 3650), "the longest life of a personal token"),
    Setting(
        "REGISTER_RATE_LIMIT",
        "200 per hour",
        rate,
        "accounts made from one address; enough for a school class behind it",
    ),
    Setting(
        "INVITE_RATE_LIMIT",
        "120 per hour",
        rate,
        "people that one person adds to projects or invites",
    ),
    Setting("INGEST_RATE_LIMIT", "120000 per minute", rate, "requests of one source of events"),
    Setting("MESSAGE_RATE", "100", whole(1, 10_000_000), "messages a second from one socket"),
    Setting("SIGNAL_RATE_KB", "64", whole(1, 10_000_000), "KiB a second of one person's signals"),
    Setting(
        "PUBLISH_RATE_KB",
        "1024",
        whole(1, 10_000_000),
        "KiB a second of events and edits that one person publishes over sockets and REST",
    ),
    Setting("SOCKET_LIMIT", "1000", whole(1, 20_000), "sockets, streams and long polls at once"),
    Setting("LIVE_PER_PERSON", "100", whole(1, 20_000), "of these, one person's"),
    Setting("LIVE_PER_ADDRESS", "600", whole(1, 20_000), "of these, one address's (IPv6: /64)"),
    Setting("WEB_PROCESSES", "1", whole(1, 32), "processes that `python app.py` serves with"),
    Setting("DRAIN_SECONDS", "0", whole(0, 300), "for requests on open connections after SIGTERM"),
    Setting("HTTP_THREADS", "32", whole(2, 512), "threads kept free for ordinary requests"),
    Setting("HEAD_SECONDS", "10", whole(1, 600), "for a request's head, from its first byte"),
    Setting("BODY_SECONDS", "20", whole(1, 600), "for its body, and a second for each 4 KiB"),
    Setting("SEND_SECONDS", "20", whole(1, 600), "to take an answer, and a second for each 4 KiB"),
    Setting(
        "CONNECTIONS_PER_ADDRESS",
        "600",
        whole(0, 100_000),
        "connections of one address (IPv6: /64); 0: unlimited; not counted behind a proxy",
    ),
    Setting("SPOOL_MB", "4096", whole(64, 1_000_000), "MiB of bodies and answers in transit"),
    Setting("PING_SECONDS", "25", whole(1, 3600), "between pings of a socket; one missed ends it"),
    Setting("TOKEN_GRACE_SECONDS", "25", whole(1, 600), "to renew a token on an open socket"),
    Setting(
        "LIST_TAGS",
        "10000",
        whole(0, 1_000_000),
        "lists that are remembered, to answer If-None-Match before they are read; 0: none",
    ),
    Setting(
        "LIST_CACHE_MB",
        "8",
        whole(0, 10_000),
        "MiB of their answers kept in memory, and with REDIS_URL and PostgreSQL in Redis; 0: none",
    ),
    Setting("HOUSEKEEPING", "on", switch, "whether this process deletes what has expired"),
    Setting(
        "EVENT_RETENTION_DAYS", "365", whole(0, 3650), "age at which events are deleted; 0: never"
    ),
    Setting(
        "AUDIT_RETENTION_DAYS",
        "730",
        whole(0, 3650),
        "the same for refusals, accounts and sessions, which stay at least as long as events",
    ),
    Setting("JOB_RETENTION_DAYS", "30", whole(0, 3650), "days that ended jobs stay; 0: for ever"),
    Setting("EXPORT_HOURS", "72", whole(1, 8760), "hours that a person can fetch their export"),
    Setting(
        "NOTIFICATION_RETENTION_DAYS",
        "90",
        whole(0, 3650),
        "days that notifications stay; 0: until newer ones push them out",
    ),
    Setting(
        "SESSION_RETENTION_DAYS", "30", whole(0, 3650), "days that ended sessions stay; 0: for ever"
    ),
    Setting("JOB_WORKERS", "4", whole(0, 64), "threads that run jobs; 0: this process runs none"),
    Setting(
        "JOB_LEASE_SECONDS",
        "30",
        whole(1, 3600),
        "seconds that a frozen worker keeps its jobs; a dead one loses them at once",
    ),
    Setting("SCHEDULES", "on", switch, "whether this process makes the jobs of schedules"),
    Setting("SCHEDULES_PER_PERSON", "100", whole(1, 100_000), "schedules that one person may have"),
    Setting(
        "SCHEDULE_MIN_SECONDS",
        "60",
        whole(60, 86_400),
        "the least number of seconds between two runs of a schedule",
    ),
    Setting(
        "INGEST_WORKER",
        "process",
        one_of("process", "thread", "off"),
        "what carries events from the inbox to the store; a thread has no limit of time and"
        " memory; off: another process does",
    ),
    Setting("INGEST_QUEUE_MB", "64", whole(1, 100_000), "MiB of events that wait to be stored"),
    Setting("INGEST_QUOTA_MB", "1024", whole(1, 10_000_000), "MiB of one project's stored events"),
    Setting(
        "INGEST_RETENTION_DAYS",
        "90",
        whole(0, 3650),
        "days that events, their archive and rejected ones stay; 0: for ever",
    ),
    Setting(
        "INGEST_PLUGINS",
        "",
        plugins,
        "stages of your own: `module:function`, separated by commas (docs/pipeline.md)",
    ),
    Setting(
        "INGEST_LOOKUP_URL",
        "",
        web_address,
        "a service to ask about events before they are stored; empty: none",
    ),
    Setting(
        "INGEST_LOOKUP_REQUIRED",
        "off",
        switch,
        "whether events wait while that service does not answer",
    ),
    Setting(
        "REDIS_URL",
        "",
        redis_url,
        "a Redis through which web processes hear each other, which keeps the counts of limits and"
        " lists that were read, and whose stream is the inbox of events, for any number of"
        " workers; empty: none",
    ),
    Setting(
        "INGEST_DATABASE_URL",
        "",
        postgres_url,
        "a PostgreSQL for the store of events, for workers on several machines; empty: a file",
    ),
    Setting("NOTIFIER", "on", switch, "whether this process makes notifications and reminders"),
    *WEBHOOK_SETTINGS,
    *MAIL_SETTINGS,
    Setting("PERSON_QUOTA_MB", "1024", whole(1, 10_000_000), "MiB that a person may keep"),
    Setting("PROJECT_QUOTA_MB", "1024", whole(1, 10_000_000), "MiB that a project may keep"),
    Setting(
        "MIN_FREE_MB",
        "100",
        whole(0, 10_000_000),
        "MiB of the disk that must stay free: with less, what grows is refused (507)",
    ),
    Setting("UPLOAD_QUOTA_MB", "500", whole(1, 1_000_000), "MiB of one person's uploads"),
    Setting(
        "FILE_QUOTA_MB",
        "500",
        whole(1, 1_000_000),
        "MiB of a project's files, including the whole documents of texts",
    ),
    Setting("FEATURE_CODE_EXECUTION", "on", switch, "whether code that people send is run"),
    Setting("FEATURE_FILES", "on", switch, "whether workspaces have files"),
    Setting("FEATURE_TASKS", "on", switch, "whether there are tasks"),
    Setting("FEATURE_POSTS", "on", switch, "whether there are posts and collections"),
    Setting("FEATURE_NOTIFICATIONS", "on", switch, "whether notifications are shown"),
    Setting("FEATURE_ACTIVITY", "on", switch, "whether there are activity feeds"),
    Setting("FEATURE_INGEST", "on", switch, "whether events from other systems are taken in"),
    Setting("FEATURE_SEARCH", "on", switch, "whether there is search"),
    Setting("CODE_TIMEOUT_SECONDS", "5", whole(1, 300), "wall clock seconds for code that is run"),
    Setting("CODE_AT_ONCE", "2", whole(1, 64), "pieces of code that run at once in a process"),
    Setting("TRUSTED_PROXIES", "0", whole(0, 10), "reverse proxies whose X-Forwarded-* count"),
    Setting(
        "METRICS_TOKEN",
        "",
        token,
        "a bearer token that reads `/metrics`; empty: only this machine may",
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        web_address,
        "where traces are sent (OTLP over HTTP), such as http://127.0.0.1:4318; empty: nowhere",
    ),
    Setting("LOG_FORMAT", "console", one_of("console", "json"), "how log lines look"),
    Setting(
        "LOG_LEVEL",
        "info",
        one_of("debug", "info", "warning", "error"),
        "the lowest level that is logged",
    ),
)


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read all settings; raises ConfigError for the first bad one."""
    values = {setting.name: setting.read(environ) for setting in SETTINGS}
    try:
        return values | {"OAUTH_PROVIDERS": provider_settings.read(environ)}
    except ValueError as error:
        raise ConfigError(str(error)) from None
