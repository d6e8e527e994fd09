"""Log lines, for a person or as JSON, each with the request's id and never with a secret."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

from .json import dumps

SECRETS = re.compile(
    r"(?i)((?:token|ticket|password|secret|authorization)\w*[\"']?\s*[=:]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|(?:bearer\s+)?[^\s\"'&,}]+)"
)
JWT_LIKE = re.compile(r"eyJ[\w-]+\.[\w-]*\.[\w.-]+")

COLOURS = {"WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31m"}


def redact(line: str) -> str:
    """Blank out what looks like a password or token."""
    return JWT_LIKE.sub("***", SECRETS.sub(r"\1***", line))


class ConsoleFormatter(logging.Formatter):
    """`12:00:00 INFO    message  [request id]`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and the traceback of an exception below it."""
        when = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        colour = COLOURS.get(record.levelname, "") if sys.stderr.isatty() else ""
        reset = "\033[0m" if colour else ""
        line = f"{when} {colour}{record.levelname:<7}{reset} "
        line += record.getMessage()
        if request_id := current_request_id():
            line += f"  [{request_id}]"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redact(line)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record with the fields that a log store asks for."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request_id := current_request_id():
            entry["request_id"] = request_id
        for name, value in getattr(record, "fields", {}).items():
            entry[name] = redact(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return dumps(entry).decode()


def current_request_id() -> str:
    """Return the id of the request being served, empty outside of one."""
    return g.get("request_id", "") if has_request_context() else ""


class Redacting(logging.Filter):
    """Blanks out the secrets in the lines of a server, which logs addresses with their queries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, redacted."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


redacting = Redacting()


def configure(level: str, style: str) -> None:
    """Send all log lines to standard error in the style asked for."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else ConsoleFormatter())
    root = logging.getLogger("collab")
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    root.propagate = False
    for server in ("werkzeug", "gunicorn.error"):
        logging.getLogger(server).addFilter(redacting)
