"""Runs a Lambda-style handler in a process of its own; `host.py` is the program at the far side.

This contains a handler's bugs: a crash, a leak or an endless loop affect only its process. It is no
sandbox: a handler is part of the service, and may read what the service may read.
"""

from __future__ import annotations

import codecs
import os
import selectors
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from ...core.json import dumps, loads, loads_sent
from ...frozen import frozen
from ..context import FatalError, JobContext, JobError, Result
from .supervisor import HostProcess

MIB = 1024 * 1024
#: Bytes of the file that a handler may leave at `context.output_path`.
MAX_OUTPUT_FILE_BYTES = 5 * MIB
#: Bytes of one message; the result, up to 1 MiB, is the longest.
MAX_MESSAGE_BYTES = MIB + 4096
#: Bytes of all messages of a run; handlers that use only the context's methods can't reach it.
MAX_BYTES_OF_ALL_MESSAGES = 16 * MIB
#: Bytes that a handler may write to stdout or stderr; past that the run is ended.
STREAM_LIMIT = MIB
#: Seconds between checks for what does not wake us: a run told to stop, a killed supervisor.
TICK_S = 0.25

NO_FILES: Mapping[str, Path] = MappingProxyType({})


def run_handler(
    ctx: JobContext,
    handler: Path,
    event: dict[str, Any],
    *,
    inputs: Mapping[str, Path] = NO_FILES,
    memory_mb: int = 512,
    function_name: str | None = None,
) -> Result:
    """Call `handler(event, context)` of a Python file, and return what it made.

    `inputs` are the files that it works on. Raises Stopped when the run is told to stop, JobError
    for failures that another attempt may fix and FatalError for others. Whatever happens, no
    process, descriptor or file of the run is left.
    """
    ctx.check()
    with tempfile.TemporaryDirectory(prefix="collab-job-", ignore_cleanup_errors=True) as folder:
        request = {
            "handler": str(handler.resolve()),
            "event": event,
            "function_name": function_name or handler.stem,
            "request_id": f"job-{ctx.job_id}-{ctx.attempt}",
            "attempt": ctx.attempt,
            "memory_mb": memory_mb,
            # The monotonic clock is the machine's, so both processes read the same one.
            "deadline": time.monotonic() + ctx.remaining_s,
            "inputs": {name: str(path.resolve()) for name, path in inputs.items()},
            "output_path": str(Path(folder, "output")),
            "folder": folder,
        }
        conversation = Conversation(ctx)
        with HostProcess(dumps(request), folder) as process:
            ctx.on_stop(process.end)
            conversation.hold(process)
        ctx.check()
        answer = conversation.answer or _died(process.exit_code)
        return answer.result(Path(folder, "output"))


@frozen
class Success:
    """What a handler returned, and what it said about the file that it wrote."""

    data: dict[str, Any] | None
    content_type: str | None
    filename: str | None

    def result(self, output: Path) -> Result:
        """Make the job's result; raises FatalError for what can't be kept."""
        try:  # a reader of the API gets it in an envelope, which has levels of its own
            data = loads_sent(dumps(self.data))
        except (TypeError, ValueError):
            raise FatalError("bad_result", "The result is more than 200 levels deep.") from None
        body = _read(output)
        if body is None:
            return Result(data)
        result = Result(data, body, self.content_type or Result.content_type, self.filename)
        if not result.fits_headers:
            raise FatalError("bad_output", "The output has no proper content type or filename.")
        return result


@frozen
class Refusal:
    """Why a handler made nothing."""

    code: str
    message: str
    retry: bool

    def result(self, output: Path) -> NoReturn:
        """Raise the error that it is."""
        raise (JobError if self.retry else FatalError)(self.code, self.message)


class Conversation:
    """Listens to a handler: what it says, what it prints, and its answer."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx
        self.answer: Success | Refusal | None = None
        self._line = bytearray()
        self._said = 0
        self._listeners: dict[str, Callable[[bytes], None]] = {"messages": self._messages}
        for stream in ("stdout", "stderr"):
            self._listeners[stream] = OutputStream(stream, partial(ctx.output, stream)).feed

    def hold(self, process: HostProcess) -> None:
        """Listen until every pipe is closed; raises JobError if that has to be cut short."""
        with selectors.DefaultSelector() as selector:
            for name, pipe in process.pipes.items():
                selector.register(pipe, selectors.EVENT_READ, self._listeners[name])
            while selector.get_map() and not self._ctx.cancelled:
                gone = process.gone()  # what it wrote before is in the pipes by now
                left = self._ctx.remaining_s
                if not left:
                    raise JobError("timeout", "The handler did not finish in time.")
                ready = selector.select(0 if gone else min(left, TICK_S))
                for key, _ in ready:
                    self._hear(selector, key)
                if gone and not ready:  # a stray process still holds a pipe open
                    return

    def _hear(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, 64 * 1024)
        if not data:
            selector.unregister(key.fileobj)
        key.data(data)

    def _messages(self, data: bytes) -> None:
        self._said += len(data)
        if self._said > MAX_BYTES_OF_ALL_MESSAGES:
            raise FatalError("output_flood", "The handler sent more than 16 MiB of messages.")
        *whole, rest = (bytes(self._line) + data).split(b"\n")
        self._line = bytearray(rest)
        if any(len(line) > MAX_MESSAGE_BYTES for line in (*whole, rest)):
            raise FatalError("message_too_large", "The handler sent a message of over 1 MiB.")
        for line in whole:
            self._take(line)

    def _take(self, line: bytes) -> None:
        """Act on a message; a broken process may send anything, so nothing is taken on trust."""
        match _loaded(line):
            case {"type": "progress", "fraction": float(fraction), "message": str(text)}:
                self._ctx.progress(fraction, text)
            case {"type": "log", "line": str(text)}:
                self._ctx.log(text)
            case {"type": "result", "data": data, "content_type": kind, "filename": name} if (
                isinstance(data, dict | None)
                and isinstance(kind, str | None)
                and isinstance(name, str | None)
            ):
                self.answer = self.answer or Success(data, kind, name)
            case {"type": "error", "code": str(code), "message": str(text), "retry": bool(retry)}:
                self.answer = self.answer or Refusal(code, text, retry)
            case _:
                raise FatalError(
                    "bad_message", "The handler's process sent something that is not a message."
                )


def _loaded(line: bytes) -> Any:
    try:
        return loads(line)
    except ValueError:
        return None


class OutputStream:
    """What the handler prints to one stream: bytes, cut anywhere, that become text."""

    def __init__(self, name: str, tell: Callable[[str], None]) -> None:
        self._name, self._tell = name, tell
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Pass on what was printed; empty at the end. Raises FatalError past the limit."""
        text = self._decoder.decode(data, final=not data)
        if text:
            self._tell(text)
        self._size += len(data)
        if self._size > STREAM_LIMIT:
            what = f"The handler wrote more than 1 MiB to {self._name}."
            raise FatalError("output_flood", what)


def _died(code: int) -> NoReturn:
    """Raise what the end of a process that did not answer means."""
    if code == 128 + signal.SIGXCPU:
        raise JobError("timeout", "The handler used more CPU time than allowed.")
    how = f"signal {code - 128}" if code > 128 else f"exit code {code}"
    what = f"The handler's process ended with {how} before it answered."
    raise JobError("process_died", what)


def _read(path: Path) -> bytes | None:
    """Read the file that a handler made, if it made one; raises FatalError if it can't be kept."""
    try:
        with open(path, "rb", opener=_as_it_lies) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FatalError("bad_output", "The output is not a file.")
            body = file.read(MAX_OUTPUT_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FatalError("bad_output", f"The output can't be read: {error.strerror}.") from None
    if len(body) > MAX_OUTPUT_FILE_BYTES:
        raise FatalError("output_too_large", "The output is larger than 5 MiB.")
    return body


def _as_it_lies(path: str, flags: int) -> int:
    """Open without following a link or waiting for a pipe: the handler chose what is there."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
