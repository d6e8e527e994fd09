"""What a job's code sees of its run: how to report progress, and whether it has to stop."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..frozen import frozen

#: Bytes of a stream, or of log lines, that one attempt keeps; the rest is dropped, and marked.
MAX_LOG_BYTES = 64 * 1024
CUT_OFF = "The rest of {} is not kept: there is more than 64 KiB of it.\n"


def storable(text: str) -> str:
    """Return text that every database accepts: without NUL, and without half a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class JobError(Exception):
    """The attempt failed; the job is tried again while attempts are left.

    `code` is a word for programs, the message a sentence for people. `result` is what there was
    before the failure, and kept with it.
    """

    retry = True

    def __init__(self, code: str, message: str, *, result: Result | None = None) -> None:
        super().__init__(message)
        self.code, self.result = code, result


class FatalError(JobError):
    """The job failed in a way that another attempt can't fix."""

    retry = False


class Stopped(Exception):
    """The run has been told to stop: the job was cancelled, is out of time, or is handed back."""


#: Values allowed in the headers of a job's file (RFC 9110 §8.3.1; RFC 6266).
CONTENT_TYPE_PATTERN = re.compile(r"[\w.+-]{1,80}/[\w.+-]{1,80}(; ?charset=[\w-]{1,40})?", re.ASCII)
#: One line, that is not a path.
FILENAME_PATTERN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff/\\]{1,200}")


@frozen
class Result:
    """What a job made: data to show, and perhaps a file to fetch."""

    data: dict[str, Any] | None = None
    body: bytes | None = None
    content_type: str = "application/octet-stream"
    filename: str | None = None

    @property
    def fits_headers(self) -> bool:
        """Return whether its content type and filename may stand in a download's headers."""
        name_fits = self.filename is None or FILENAME_PATTERN.fullmatch(self.filename)
        return bool(name_fits and CONTENT_TYPE_PATTERN.fullmatch(self.content_type))


@frozen
class Said:
    """A piece of what a run wrote: `stream` is `stdout`, `stderr` or `log`."""

    stream: str
    text: str


@dataclass
class RunReport:
    """What a run has reported since the last call."""

    said: list[Said] = field(default_factory=list)
    progress: float | None = None
    message: str | None = None

    def __bool__(self) -> bool:
        return bool(self.said) or self.progress is not None

    def add(self, later: RunReport) -> None:
        """Append a later report."""
        self.said += later.said
        if later.progress is not None:
            self.progress, self.message = later.progress, later.message


class JobContext:
    """One run of a job, as the job's code sees it. All methods may be called from any thread."""

    def __init__(
        self,
        *,
        job_id: int,
        attempt: int,
        owner_id: int,
        project_id: int | None,
        timeout_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job_id, self.attempt = job_id, attempt
        self.owner_id, self.project_id = owner_id, project_id
        self._timeout_s, self._monotonic = timeout_s, monotonic
        self.begin()
        #: Why it has to stop: `cancelled`, `timeout`, `lost` or `stopping`.
        self.stop_reason: str | None = None
        self._lock = threading.Lock()
        self._report = RunReport()
        self._kept = {"stdout": 0, "stderr": 0, "log": 0}
        self._on_stop: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Start the clock: the run has `timeout_s` from now."""
        #: When it is out of time, by the monotonic clock.
        self.deadline = self._monotonic() + self._timeout_s

    @property
    def cancelled(self) -> bool:
        """Return whether the run has to stop, for whatever reason."""
        return self.stop_reason is not None

    @property
    def remaining_s(self) -> float:
        """Seconds until the run is out of time."""
        return max(0.0, self.deadline - self._monotonic())

    def check(self) -> None:
        """Raise Stopped if the run has to stop; long loops call this now and then."""
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)

    def progress(self, fraction: float, message: str = "") -> None:
        """Report how far the run is, from 0 to 1, and perhaps what it is doing; raises Stopped."""
        self.check()
        with self._lock:
            self._report.progress = min(1.0, max(0.0, fraction))
            self._report.message = storable(message[:200])

    def log(self, line: str) -> None:
        """Add a line to the job's log, and send it to the job's followers."""
        self.output("log", line if line.endswith("\n") else line + "\n")

    def output(self, stream: str, text: str) -> None:
        """Pass on what the job's code wrote to `stdout` or `stderr`, as it comes."""
        written = storable(text).encode()
        with self._lock:
            room = MAX_LOG_BYTES - self._kept[stream]
            # Below zero: the mark that says so has been written.
            if room < 0 or not written:
                return
            # The cut may go through the middle of a character.
            kept = written[:room].decode(errors="ignore")
            self._kept[stream] += len(written)
            if kept:
                self._report.said.append(Said(stream, kept))
            if len(written) > room:
                start = "\n" if stream == "log" and kept and not kept.endswith("\n") else ""
                self._report.said.append(Said("log", start + CUT_OFF.format(stream)))

    def on_stop(self, act: Callable[[], None]) -> None:
        """Call `act` once when the run has to stop, from another thread; at once if it has to."""
        with self._lock:
            self._on_stop.append(act)
            # Under the lock in which `stop` copies the list: one of the two calls it, never both
            # and never none.
            late = self.stop_reason is not None
        if late:
            act()

    def stop(self, reason: str) -> None:
        """Tell the run to stop; the first reason stands."""
        with self._lock:
            if self.stop_reason is not None:
                return
            self.stop_reason = reason
            acts = list(self._on_stop)
        # Outside the lock: the callbacks may log, which takes it.
        for act in acts:
            act()

    def take_report(self) -> RunReport:
        """Return what the run has reported since the last call."""
        with self._lock:
            taken, self._report = self._report, RunReport()
        return taken
