"""Log lines, for a person or as JSON, each with the request's id and never with a secret."""

from __future__ import annotations

import logging
import re
import string
import sys
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

from .json import dumps

#: Characters of a message, and of each line of a traceback, that are logged.
MAX_MESSAGE_LENGTH = 16 * 1024
MAX_TRACEBACK_LINE = 2000

#: A match begins where a word does: from each place within one, long words take quadratic time.
SECRET_PATTERN = re.compile(
    r"(?i)(?<!\w)(?=\w*?(?:token|ticket|password|secret|authorization))(\w+[\"']?\s*[=:]\s*)"
    r"(?:\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|(?:bearer\s+)?[^\s\"'&,}]+)"
)
JWT_LIKE = re.compile(r"(?<![\w-])(?=[\w-]*?eyJ[\w-])[\w-]+\.[\w-]*\.[\w.-]+")

#: What a token is made of; where a text is cut, its last word goes, so that no half of one stays.
WORD_CHARACTERS = string.ascii_letters + string.digits + "_.-"

COLOURS = {"WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31m"}


def shortened(text: str, most: int) -> str:
    """Cut a text to `most` characters and then to its last whole word, if it is longer."""
    return text if len(text) <= most else text[:most].rstrip(WORD_CHARACTERS) + "…"


def redact(line: str) -> str:
    """Cut a message, and blank out what looks like a password or token."""
    return JWT_LIKE.sub("***", SECRET_PATTERN.sub(r"\1***", shortened(line, MAX_MESSAGE_LENGTH)))


def _traceback(formatter: logging.Formatter, info: Any) -> str:
    """Write an exception, its lines cut: its message may hold all that somebody has sent."""
    lines = formatter.formatException(info).splitlines()
    return redact("\n".join(shortened(line, MAX_TRACEBACK_LINE) for line in lines))


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
        line = redact(line)
        if record.exc_info:
            line += "\n" + _traceback(self, record.exc_info)
        return line


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
            entry["exception"] = _traceback(self, record.exc_info)
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
