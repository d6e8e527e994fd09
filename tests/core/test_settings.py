"""A bad setting stops the start with a sentence that names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collab import create_app
from collab.config import SETTINGS, ConfigError, load

from ..support.each import each

BAD = {
    "INSTANCE_PATH": ["", " ", "/dev/null", "/dev/null/below"],
    "PORT": ["", "0", "65536", "-1", "http", "5000.0"],
    "DATABASE_URL": [
        "collab.db",
        "postgresql://x",
        "postgresql+pg8000://x/y",
        "postgres://x/y",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
    ],
    "DATABASE_POOL": ["", "0", "1001", "x"],
    "DATABASE_POOL_OVERFLOW": ["", "-1", "1001", "x"],
    "SQLITE_SYNCHRONOUS": ["", "off", "maybe"],
    "DATABASE_TIMEOUT_SECONDS": ["", "0", "601", "1.5", "x"],
    "SECRET_KEY": ["short", "x" * 31],
    "JWT_SECRET_KEY": ["short", "x" * 31],
    "SEALING_KEY": ["short", "x" * 31],
    "SECRET_KEY_FALLBACKS": ["short", f"{'x' * 32}|short"],
    "JWT_SECRET_KEY_FALLBACKS": ["short", f"{'x' * 32}|short"],
    "SEALING_KEY_FALLBACKS": ["short", f"{'x' * 32}|short"],
    "ACCESS_TOKEN_MINUTES": ["", "0", "-1", "1441", "15.5", "a quarter", "9" * 20, "٣x"],
    "REFRESH_TOKEN_DAYS": ["", "0", "366"],
    "REFRESH_GRACE_SECONDS": ["", "-1", "31", "1.5"],
    "FRESH_LOGIN_MINUTES": ["", "0", "1441"],
    "OAUTH_TIMEOUT_SECONDS": ["", "0", "61"],
    "TICKET_SECONDS": ["", "0", "601"],
    "SESSION_DAYS": ["", "-1", "3651", "1.5"],
    "SOCKET_ORIGINS": ["example.com", "https://x.org/", "https://x.org,*", "null"],
    "PASSWORD_WORDS": ["ab", "x" * 41, "two words"],
    "PASSWORD_HASH_MB": ["", "0", "1025", "18.5"],
    "CORS_ORIGINS": ["example.com", "https://x.org/", "https://x.org,*", "https://*.x.org", "null"],
    "RATE_LIMIT": ["", "many", "300", "0 per minute", "5 per 0 minutes", "5 per fortnight", "-1"],
    "AUTH_RATE_LIMIT": ["", "0 per minute", "5/minute"],
    "SECOND_FACTOR_RATE_LIMIT": ["", "0 per minute", "5/minute"],
    "SECOND_FACTOR_SECONDS": ["", "29", "3601", "x"],
    "PASSKEY_DOMAIN": ["127.0.0.1", "https://example.com", "Example.com", "a b"],
    "PERSONAL_TOKEN_DAYS": ["", "0", "3651", "x"],
    "REGISTER_RATE_LIMIT": ["", "0 per minute", "5/minute"],
    "INVITE_RATE_LIMIT": ["", "0 per minute", "5/minute"],
    "MAIL_RATE_LIMIT": ["", "0 per minute", "5/minute"],
    "PUBLIC_URL": ["collab.example.com", "ftp://x.org", "https://u@x.org", "https://x.org#a"],
    "SMTP_URL": [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:99999",
        "smtp://user@mail.example.com",
        "smtp://mail.example.com/inbox",
        "smtp://mail.example.com?starttls=maybe",
        "smtps://mail.example.com?starttls=off",
        "smtp://mail.example.com?tls=off",
    ],
    "OTEL_EXPORTER_OTLP_ENDPOINT": ["127.0.0.1:4318", "ftp://x.org", "https://u@x.org"],
    "REQUIRE_VERIFIED_EMAIL": ["", "maybe"],
    "REQUIRE_SECOND_FACTOR": ["", "maybe", "on"],
    "MAIL_FROM": ["", "Collab", "collab@", "Collab <c@x.org>\nBcc: all@x.org"],
    "INGEST_RATE_LIMIT": ["", "0 per minute", "5/minute"],
    "MESSAGE_RATE": ["", "0", "x"],
    "SIGNAL_RATE_KB": ["", "0", "x"],
    "PUBLISH_RATE_KB": ["", "0", "x"],
    "SOCKET_LIMIT": ["", "0", "x"],
    "HTTP_THREADS": ["", "1", "x"],
    "LIVE_PER_PERSON": ["", "0", "x"],
    "LIVE_PER_ADDRESS": ["", "0", "x"],
    "HEAD_SECONDS": ["0", "601", "x"],
    "BODY_SECONDS": ["0", "601", "x"],
    "SEND_SECONDS": ["0", "601", "x"],
    "CONNECTIONS_PER_ADDRESS": ["-1", "x"],
    "SPOOL_MB": ["63", "x"],
    "PING_SECONDS": ["", "0", "x"],
    "TOKEN_GRACE_SECONDS": ["", "0", "x"],
    "EVENT_RETENTION_DAYS": ["", "-1", "x"],
    "LIST_TAGS": ["", "-1", "x"],
    "LIST_CACHE_MB": ["", "-1", "x"],
    "HOUSEKEEPING": ["", "maybe"],
    "AUDIT_RETENTION_DAYS": ["", "-1", "x"],
    "JOB_RETENTION_DAYS": ["", "-1", "x"],
    "EXPORT_HOURS": ["", "0", "8761", "x"],
    "NOTIFICATION_RETENTION_DAYS": ["", "-1", "x"],
    "SESSION_RETENTION_DAYS": ["", "-1", "x"],
    "JOB_WORKERS": ["", "-1", "65"],
    "WEB_PROCESSES": ["", "0", "33", "1.5", "auto"],
    "DRAIN_SECONDS": ["", "-1", "301", "x"],
    "JOB_LEASE_SECONDS": ["", "0", "x"],
    "MIN_FREE_MB": ["", "-1", "x"],
    "WEBHOOKS": ["", "maybe"],
    "ALLOW_PRIVATE_WEBHOOKS": ["", "maybe"],
    "WEBHOOK_BACKLOG": ["", "0", "x"],
    "WEBHOOKS_AT_ONCE": ["0", "65", "x"],
    "WEBHOOK_DISABLE_DAYS": ["0", "x"],
    "WEBHOOK_RETENTION_DAYS": ["-1", "x"],
    "WEBHOOK_DELIVERIES_KEPT": ["0", "x"],
    "WEBHOOK_JOB_RATE_LIMIT": ["", "often"],
    "HOOK_RATE_LIMIT": ["", "often"],
    "PERSON_QUOTA_MB": ["", "0", "x"],
    "PROJECT_QUOTA_MB": ["", "0", "x"],
    "UPLOAD_QUOTA_MB": ["", "0", "x"],
    "SCHEDULES": ["", "maybe"],
    "SCHEDULES_PER_PERSON": ["", "0", "x"],
    "SCHEDULE_MIN_SECONDS": ["", "59", "86401"],
    "INGEST_WORKER": ["", "threads", "2"],
    "INGEST_QUEUE_MB": ["", "0", "x"],
    "INGEST_QUOTA_MB": ["", "0", "x"],
    "INGEST_RETENTION_DAYS": ["", "-1", "3651"],
    "INGEST_PLUGINS": ["module", "a:b:c", "a b:c", "a:b c"],
    "INGEST_LOOKUP_URL": ["example.com", "ftp://example.com", "https://u@example.com", "http://"],
    "INGEST_LOOKUP_REQUIRED": ["", "maybe"],
    "REDIS_URL": ["localhost:6379", "http://localhost", "redis://"],
    "INGEST_DATABASE_URL": ["localhost", "postgres://localhost/collab", "postgresql+psycopg://"],
    "NOTIFIER": ["", "maybe"],
    "FILE_QUOTA_MB": ["", "0", "x"],
    "FEATURE_CODE_EXECUTION": ["", "maybe", "2"],
    "FEATURE_FILES": ["", "maybe"],
    "FEATURE_TASKS": ["", "maybe"],
    "FEATURE_POSTS": ["", "maybe"],
    "FEATURE_NOTIFICATIONS": ["", "maybe"],
    "FEATURE_ACTIVITY": ["", "maybe"],
    "FEATURE_INGEST": ["", "maybe"],
    "FEATURE_SEARCH": ["", "maybe"],
    "CODE_TIMEOUT_SECONDS": ["", "0", "301"],
    "CODE_AT_ONCE": ["", "0", "x"],
    "TRUSTED_PROXIES": ["", "-1", "yes"],
    "METRICS_TOKEN": [
        "short",
        "x" * 31,
        "x" * 513,
        "with a space in it, though long enough",
        "ü" * 40,
    ],
    "LOG_FORMAT": ["", "xml"],
    "LOG_LEVEL": ["", "loud", "5"],
}


def said_of(folder: Path, name: str, value: str) -> str:
    """Return what stops the start with a value, or nothing."""
    try:
        create_app({"INSTANCE_PATH": str(folder)} | {name: value})
    except ConfigError as error:
        return str(error)
    return ""


def test_a_bad_value_stops_the_start_and_is_named(tmp_path: Path) -> None:
    """All of them in one test: pytest would take longer to begin and end three hundred."""
    said = {(name, one): said_of(tmp_path, name, one) for name in BAD for one in BAD[name]}
    wrong = {one: text for one, text in said.items() if not re.search(rf"^{one[0]} .*\.$", text)}
    assert (len(said) >= len(BAD), wrong) == (True, {})


def test_every_setting_is_checked() -> None:
    assert BAD.keys() == {setting.name for setting in SETTINGS}


SECRET_ONES = {
    "SECRET_KEY": "hunter2",
    "JWT_SECRET_KEY": "hunter2",
    "SEALING_KEY": "hunter2",
    "SEALING_KEY_FALLBACKS": f"{'x' * 32}|hunter2",
    "DATABASE_URL": "postgres://user:hunter2@db.example.com/collab",
    "REDIS_URL": "http://user:hunter2@redis.example.com",
    "INGEST_DATABASE_URL": "mysql://user:hunter2@db.example.com/collab",
    "SMTP_URL": "smtp://user:hunter2@mail.example.com/inbox",
}


@pytest.mark.parametrize("name", SECRET_ONES)
def test_the_sentence_does_not_repeat_a_secret(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        create_app({"INSTANCE_PATH": str(tmp_path), name: SECRET_ONES[name]})
    assert "hunter2" not in str(caught.value)


GOOD = {
    "CORS_ORIGINS": ["", "*", "https://x.org", "http://localhost:5173, https://x.org"],
    "RATE_LIMIT": ["off", "OFF", "1 per second", "300 per minute", "5 per 15 minutes", "9 per day"],
    "LOG_LEVEL": ["debug", "INFO", "Warning"],
    "DATABASE_URL": [
        "",
        "sqlite:////tmp/x.db",
        "sqlite:///x.db",
        "postgresql+psycopg://x/y",
        "postgresql://collab@/collab?host=/run/postgresql",
    ],
    "ACCESS_TOKEN_MINUTES": ["1", "1440"],
}


@each((name, one) for name in GOOD for one in GOOD[name])
def test_a_good_value_is_taken(name: str, value: str) -> None:
    assert name in load({name: value})


def test_without_settings_the_defaults_are_good() -> None:
    assert load({})["ACCESS_TOKEN_MINUTES"] == 15


def test_what_is_no_setting_of_ours_is_passed_over() -> None:
    assert "PATH" not in load({"PATH": "/usr/bin"})


@each(SETTINGS)
def test_every_setting_says_what_it_means(setting: object) -> None:
    assert getattr(setting, "meaning", "")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "metrics_token"
    file.write_text("t" * 32 + "\n")
    assert load({"METRICS_TOKEN_FILE": str(file)})["METRICS_TOKEN"] == "t" * 32
    assert load({"METRICS_TOKEN_FILE": ""})["METRICS_TOKEN"] == ""
    assert load({"LOG_LEVEL_FILE": str(file)})["LOG_LEVEL"] == "info", "which is none"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE is '/nowhere', which can't be read"),
        ({"SECRET_KEY_FILE": "/dev/null", "SECRET_KEY": "x" * 32}, "both set"),
        ({"REDIS_URL_FILE": __file__}, "REDIS_URL must be an address"),
    ],
)
def test_a_file_that_gives_no_secret_stops_the_start(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load(given)
