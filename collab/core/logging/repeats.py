"""Repeated lines become one line and a count: a flood of errors must not fill the disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection

from .lines import current_request_id

#: Seconds in which a line is not repeated.
WINDOW_S = 10.0
#: Different lines of one kind in a window: the same message about other things, or other errors.
MAX_LINES_OF_A_KIND = 10
#: Kinds that are remembered at once.
MAX_KINDS = 512

#: What makes two lines alike: the logger, the message without its values, the error's type.
Kind = tuple[str, str, str]


class _Window:
    """What was logged of one kind since some moment."""

    def __init__(self, ends: float) -> None:
        self.ends, self.unsaid = ends, 0
        self.said: set[int] = set()
        self.last: logging.LogRecord | None = None


class Repeats(logging.Filter):
    """Holds back what a handler was given before, and lets it log later how often that was.

    Lines below the level of warnings all pass, and those of the loggers in `passing`.
    """

    def __init__(
        self,
        handler: logging.Handler,
        passing: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._handler, self._passing, self._clock = handler, passing, clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[Kind, _Window] = OrderedDict()
        handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is logged now; first logs the counts of windows that are over."""
        if getattr(record, "is_count", False):
            return True
        self.tell()
        if record.levelno < logging.WARNING or record.name in self._passing:
            return True
        with self._lock:
            return self._is_new(record)

    def tell(self, *, everything: bool = False) -> None:
        """Log how often lines were held back, once their time is over."""
        now = self._clock()
        with self._lock:
            over = []
            # They are sorted by their starts, and all have the same length.
            while self._windows:
                kind, window = next(iter(self._windows.items()))
                if window.ends > now and not everything and len(self._windows) <= MAX_KINDS:
                    break
                del self._windows[kind]
                over.append(window)
        for window in over:
            if window.last is not None:
                # Outside of the lock: writing may take long, and the handler asks this filter.
                self._handler.handle(_count(window.last, window.unsaid))

    def _is_new(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        # By the message before its values are filled in: a thousand ids are one kind, not a
        # thousand.
        kind = (record.name, str(record.msg), type(error).__name__)
        window = self._windows.get(kind)
        if window is None:
            window = self._windows[kind] = _Window(self._clock() + WINDOW_S)
        line = hash((record.getMessage(), _words(error)))
        if line not in window.said and len(window.said) < MAX_LINES_OF_A_KIND:
            window.said.add(line)
            return True
        window.unsaid += 1
        window.last = record
        # Now: when the count is logged, another request is running.
        record.request_id = current_request_id()
        return False


def _words(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _count(last: logging.LogRecord, times: int) -> logging.LogRecord:
    """Make the line that stands for those held back, the last of which is given."""
    message = f"{last.getMessage()} (this or similar {times} times more within {WINDOW_S:.0f} s)"
    known = {"name": last.name, "levelno": last.levelno, "levelname": last.levelname}
    noted = {"request_id": getattr(last, "request_id", ""), "is_count": True}
    return logging.makeLogRecord(known | noted | {"msg": message, "created": time.time()})
