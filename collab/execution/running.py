"""Running code in its own box, from start to end: output, time, and what remains (nothing)."""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import time
from collections.abc import Callable

from ..frozen import frozen
from .boxes.box import KILL_PATIENCE_S, MEMORY_KIB, Box, SandboxError
from .boxes.command import Tools
from .languages import Language
from .outcome import Outcome, Reason
from .output import CHUNK_BYTES, Output
from .placed import NO_FILES, Files
from .programs import Installed

#: Seconds between two checks of a silent box: memory, files, time.
LOOK_S = 0.01
KILLED_STATUS = 128 + 9


def _ignore(*said: object) -> None:
    """Ignore the report."""


@frozen
class Listener:
    """Is told how a run is going.

    `say` gets each piece of output as it comes, with the stream's name; `started` gets a function
    that kills the code, which any thread may call.
    """

    say: Callable[[str, str], None] = _ignore
    started: Callable[[Callable[[], None]], None] = _ignore


NOBODY_LISTENS = Listener()


@frozen
class Program:
    """What to run: the code, its interpreter, its time (seconds), its input."""

    language: Language
    interpreter: Installed
    code: str
    wall_s: float
    stdin: str | None = None
    files: Files = NO_FILES


def run(
    program: Program, tools: Tools, listener: Listener = NOBODY_LISTENS, spare: Box | None = None
) -> Outcome:
    """Run code until it ends or is stopped; afterwards no process of it is left.

    It runs in its own box, which may have been made earlier. Raises SandboxError if the box can't
    be made, or breaks.
    """
    box = spare or Box(
        *(tools, program.language, program.interpreter, program.wall_s),
        stdin=program.stdin is not None,
        files=program.files,
    )
    with contextlib.closing(box):
        watch = Watch(box, listener.say, program.stdin or "")
        begun = time.monotonic()
        try:
            listener.started(box.kill)
            if box.hand_over(program.code):
                begun = time.monotonic()
                watch.follow(begun + program.wall_s)
        finally:
            box.end()
        duration = time.monotonic() - begun
        # After the end: its last output is still in the pipes.
        watch.drain()
        return _outcome(program, box, watch, duration)


def _outcome(program: Program, box: Box, watch: Watch, duration: float) -> Outcome:
    """Put together what is known after the end; raises SandboxError if that is too little."""
    stdout, stderr = watch.outputs
    code = box.exit_code()
    # Neither ended nor killed by us: then nothing is known about the code, and nothing may be
    # claimed.
    if code is None and not box.killed:
        raise SandboxError(f"The sandbox broke: {stderr.text.strip()[:500] or 'it said nothing'}")
    return Outcome(
        language=program.language.name,
        exit_code=KILLED_STATUS if code is None else code,
        stdout=stdout.text,
        stderr=stderr.text,
        stdout_truncated=stdout.truncated,
        stderr_truncated=stderr.truncated,
        duration_ms=round(duration * 1000),
        peak_memory_kib=box.peak_kib,
        stopped=watch.reason,
    )


class Watch:
    """Follows a box: reads what it writes, feeds what it reads, and stops it if necessary."""

    def __init__(self, box: Box, say: Callable[[str, str], None], stdin: str) -> None:
        self._box = box
        self.outputs = (Output("stdout", say), Output("stderr", say))
        self._unread = memoryview(stdin.encode())
        self._running = True
        #: Why the code was stopped, if it was.
        self.reason: Reason | None = None

    def follow(self, deadline: float) -> None:
        """Follow until the box has ended, or can't be made to end; stops it at the deadline."""
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            # Bounded beyond the kill: a process that the kernel can't end must not hold this
            # thread.
            while self._running and time.monotonic() < deadline + KILL_PATIENCE_S:
                for key, _ in selector.select(LOOK_S):
                    if not key.data():
                        selector.unregister(key.fileobj)
                self._box.look()
                if self.reason is None and (reason := self._trouble(deadline)):
                    self.reason = reason
                    self._box.kill()

    def _register(self, selector: selectors.BaseSelector) -> None:
        """Register what to call when a descriptor is ready; once it returns False, it is done."""
        stdin, *readable = self._box.streams
        for stream, output in zip(readable, self.outputs, strict=True):
            selector.register(
                stream, selectors.EVENT_READ, functools.partial(output.read, stream.fileno())
            )
        if stdin is not None:
            selector.register(stdin, selectors.EVENT_WRITE, self._feed)
        selector.register(self._box.exited, selectors.EVENT_READ, self._exit)

    def _feed(self) -> bool:
        """Write some of the input; close it after the last part, or when nobody reads any more."""
        stdin = self._box.streams[0]
        try:
            written = os.write(stdin.fileno(), self._unread[:CHUNK_BYTES]) if self._unread else 0
        except BlockingIOError:
            return True
        except BrokenPipeError:
            # The code has closed its input, which is no error: it has read enough.
            written = len(self._unread)
        self._unread = self._unread[written:]
        if not self._unread:
            stdin.close()
        return bool(self._unread)

    def _exit(self) -> bool:
        self._running = False
        return False

    @property
    def _flooded(self) -> bool:
        return any(output.flooded for output in self.outputs)

    def _trouble(self, deadline: float) -> Reason | None:
        """Return why the code has to be stopped, if it has."""
        if self._flooded:
            return "output_limit"
        if self._running and self._box.memory_kib > MEMORY_KIB:
            return "memory_limit"
        if self._running and self._box.overfull:
            return "file_limit"
        return "timeout" if self._running and time.monotonic() >= deadline else None

    def drain(self) -> None:
        """Read what is still in the pipes when nobody writes any more."""
        for stream, output in zip(self._box.streams[1:], self.outputs, strict=True):
            while output.read(stream.fileno()):
                pass
            output.take(b"")
        # A pipe holds that much: code may have ended before we had read what makes it a flood.
        if self.reason is None and self._flooded:
            self.reason = "output_limit"
