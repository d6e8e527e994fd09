"""The log: lines for a person or as JSON, each with the request's id and never with a secret."""

from __future__ import annotations

import logging
from pathlib import Path

from .console import Console
from .error_file import ErrorFile
from .lines import ConsoleFormatter, JsonFormatter, Redacting
from .repeats import Repeats

#: The errors, below INSTANCE_PATH.
ERRORS_PATH = Path("log") / "errors.log"
#: It logs one line for each request: these are not repeats.
ACCESS_LOGGER = "collab.core.http.headers"

redacting = Redacting()


def configure(level: str, style: str, instance: Path) -> None:
    """Send all lines to standard error in the configured style, and errors to a file, too."""
    console, errors = Console(), ErrorFile(instance / ERRORS_PATH)
    Repeats(console, passing=(ACCESS_LOGGER,))
    Repeats(errors)
    for handler in (console, errors):
        handler.setFormatter(JsonFormatter() if style == "json" else ConsoleFormatter())
    root = logging.getLogger("collab")
    root.handlers[:] = [console, errors]
    root.setLevel(level.upper())
    root.propagate = False
    for server in ("werkzeug", "gunicorn.error"):
        logging.getLogger(server).addFilter(redacting)


def tell_repeats() -> bool:
    """Log the counts of held-back lines whose time is over; returns that nothing is left to do."""
    for handler in logging.getLogger("collab").handlers:
        for one in handler.filters:
            if isinstance(one, Repeats):
                one.tell()
    return False
