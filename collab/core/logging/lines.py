"""What a log line looks like: for a person, or as JSON."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

from ..json import dumps
from .redacting import escaped, redact, shortened

#: Characters of each line of a traceback that are logged.
MAX_TRACEBACK_LINE = 2000
#: Precedes each line of a traceback: text that somebody has sent must not look like a log line.
TRACEBACK_INDENT = "    "

COLOURS = {"WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31m"}

_mark: ContextVar[str] = ContextVar("collab_log_mark", default="")


@contextmanager
def marked(mark: str) -> Iterator[None]:
    """Give the lines within this block the id of their request, or the name of their job.

    It is for turns of sockets and for jobs, which run in threads without a request.
    """
    token = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(token)


def current_request_id() -> str:
    """Return the id of the present request or job; empty if there is none."""
    return g.get("request_id", "") if has_request_context() else _mark.get()


def _id_of(record: logging.LogRecord) -> str:
    """Return the id that a line was given, or that of what is running now."""
    return str(getattr(record, "request_id", None) or current_request_id())


def _message(record: logging.LogRecord) -> str:
    return escaped(redact(record.getMessage()))


def _traceback(formatter: logging.Formatter, info: Any) -> list[str]:
    """Write an exception, its lines shortened: its message may contain all that somebody sent."""
    lines = formatter.formatException(info).splitlines()
    whole = redact("\n".join(shortened(line, MAX_TRACEBACK_LINE) for line in lines))
    return [escaped(line) for line in whole.splitlines()]


class ConsoleFormatter(logging.Formatter):
    """`12:00:00 INFO    message  [request id]`."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and the traceback of an exception below it."""
        when = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        colour = COLOURS.get(record.levelname, "") if sys.stderr.isatty() else ""
        reset = "\033[0m" if colour else ""
        line = f"{when} {colour}{record.levelname:<7}{reset} {_message(record)}"
        if request_id := _id_of(record):
            line += f"  [{escaped(request_id)}]"
        if record.exc_info:
            line += "".join(
                f"\n{TRACEBACK_INDENT}{one}" for one in _traceback(self, record.exc_info)
            )
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record with the fields that a log store asks for."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if request_id := _id_of(record):
            entry["request_id"] = request_id
        for name, value in getattr(record, "fields", {}).items():
            entry[name] = escaped(redact(value)) if isinstance(value, str) else value
        if record.exc_info:
            entry["exception"] = "\n".join(_traceback(self, record.exc_info))
        return dumps(entry).decode()


class Redacting(logging.Filter):
    """Blanks out secrets in the lines of a server that logs addresses with their queries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, redacted."""
        # Formatted first: secrets are mostly in the arguments.
        record.msg, record.args = _message(record), ()
        return True
