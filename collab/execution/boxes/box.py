"""A box while it exists: made, given its code, inspected, killed and cleaned up."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..languages import Language
from ..output import FLOOD_BYTES
from ..placed import NO_FILES, Files
from ..programs import Installed
from . import seccomp
from .command import NOBODY_ID, Descriptors, Tools, command
from .processes import child, memory, readable

#: Seconds that making a box may take on a busy machine.
START_S = 10.0
#: Seconds that a killed box may take to be gone before its outermost process is killed too.
KILL_PATIENCE_S = 2.0
#: Empty files in the box's folders have no bytes to count: this bounds them.
MAX_FILES_IN_BOX = 4096
#: KiB of memory of its own that the code may hold, resident or swapped out: what RLIMIT_DATA lets
#: it take, and its stack. That limit forgets memory that can no longer be written (mprotect(2));
#: this one does not. In-memory files come on top; the kernel bounds them (`command.MOUNT_COMMAND`).
MEMORY_KIB = (256 + 8) * 1024


class SandboxError(Exception):
    """The box could not be made, or broke: how the code ended is not known."""


class Box:
    """bubblewrap and what runs in it. `kill` may be called from any thread, the rest from one.

    The thread that makes it must outlive it: the parent in --die-with-parent is that thread
    (PR_SET_PDEATHSIG in prctl(2)). Raises SandboxError if nothing could be started.
    """

    def __init__(
        self,
        tools: Tools,
        language: Language,
        interpreter: Installed,
        wall_s: float,
        *,
        stdin: bool,
        files: Files = NO_FILES,
    ) -> None:
        self._lock = threading.Lock()
        self._held = contextlib.ExitStack()
        self._gone = self.killed = False
        self._said = b""
        self._init: int | None = None
        self._inside: Path | None = None
        self._folders: list[int] = []
        self.peak_kib = self.memory_kib = 0
        try:
            with contextlib.ExitStack() as passed:
                given = self._open(passed, files)
                words = command(tools, language, interpreter, wall_s, given, files.main)
                self._popen = self._start(words, given, stdin=stdin)
            self.exited = self._hold()
        except OSError as error:
            self._held.close()
            raise SandboxError(f"The sandbox can't be started: {error}.") from error

    def _open(self, passed: contextlib.ExitStack, files: Files) -> Descriptors:
        """Open what bubblewrap reads and writes; `passed` closes its ends."""
        source, self._source = _pipe(passed, self._held)
        self._status, status = _pipe(self._held, passed)
        rules = passed.enter_context(seccomp.opened())
        return Descriptors(
            *(source.fileno(), rules.fileno(), status.fileno()),
            own=_in_memory(files.own, passed),
            shown=_in_memory(files.shown, passed),
        )

    def _start(
        self, words: list[str], given: Descriptors, *, stdin: bool
    ) -> subprocess.Popen[bytes]:
        """Start bubblewrap. Nothing here keeps Popen from vfork(2): see `command._as_nobody`."""
        started = subprocess.Popen(  # noqa: S603 (no shell, and no word of it comes from the code)
            words,
            bufsize=0,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},  # what is not there can't be read, whatever else breaks
            cwd="/",
            pass_fds=given.all,
            # Ctrl-C in the server's terminal must not reach it: the server ends its boxes itself.
            start_new_session=True,
        )
        for stream in (started.stdin, started.stdout, started.stderr):
            if stream is not None:
                self._held.enter_context(stream)
                # Code that reads nothing, or writes for ever, must not block the thread that serves
                # it.
                os.set_blocking(stream.fileno(), False)
                _widen(stream.fileno())
                if os.geteuid() == 0:  # or /dev/stdin could not be opened
                    os.fchown(stream.fileno(), NOBODY_ID, NOBODY_ID)
        return started

    def _hold(self) -> int:
        """Open a descriptor that becomes readable when bubblewrap has exited (pidfd_open(2))."""
        try:
            descriptor = os.pidfd_open(self._popen.pid)
        except OSError:
            self._popen.kill()
            self._popen.wait()
            raise
        self._held.callback(os.close, descriptor)
        return descriptor

    @property
    def streams(self) -> tuple[Any, Any, Any]:
        """Return standard input (None if there is none), output and error: ours, not blocking."""
        return self._popen.stdin, self._popen.stdout, self._popen.stderr

    # -- the code goes in ---------------------------------------------------------------------

    def hand_over(self, code: str) -> bool:
        """Let the code run once the box is sure to die with us; False if it came to nothing.

        The inner bubblewrap writes something when it starts, and by then every process above the
        code has set the signal of --die-with-parent. If we die earlier, nobody reads that: it gives
        up, and no code has run. (The outer one must not write anything: by giving up, it would
        leave its child waiting for ever.)
        """
        if not self._documents(1, START_S):
            return False
        try:
            self._enter()
            self._source.write(code.encode())
            self._source.close()
        except OSError:  # it was killed meanwhile, or we are out of descriptors
            return False
        return True

    def _enter(self) -> None:
        """Get hold of process 1 of the box, and of its folders; raises OSError."""
        init = child(self._popen.pid)
        descriptor = os.pidfd_open(init)
        self._held.callback(os.close, descriptor)
        with self._lock:
            self._init = descriptor
        for folder in ("box", "dev/shm"):
            self._folders.append(os.open(f"/proc/{init}/root/{folder}", os.O_RDONLY))
            self._held.callback(os.close, self._folders[-1])
        self._inside = Path(f"/proc/{child(init)}/task")
        self.look()  # code may end before the next look

    def _documents(self, count: int, patience_s: float) -> list[dict[str, Any]]:
        """Return what bubblewrap has said, once that is `count` documents, or all there will be."""
        deadline = time.monotonic() + patience_s
        while self._said.count(b"\n") < count:
            left = max(0.0, deadline - time.monotonic())
            if not readable(self._status.fileno(), left):
                break
            data = os.read(self._status.fileno(), 4096)
            if not data:
                break
            self._said += data
        return [json.loads(line) for line in self._said.split(b"\n")[:-1]]

    @property
    def over(self) -> bool:
        """Return whether all of it has ended."""
        return readable(self.exited, 0)

    # -- while it runs ------------------------------------------------------------------------

    def look(self) -> None:
        """Note how much memory the code holds, and the most that it has held so far."""
        if self._inside is None:
            return
        sizes = memory(self._inside)
        self.peak_kib = max(self.peak_kib, sizes.get("VmHWM", 0))
        self.memory_kib = sizes.get("RssAnon", 0) + sizes.get("VmSwap", 0)

    @property
    def overfull(self) -> bool:
        """Return whether the code has made more files than it may."""
        counts = (os.statvfs(folder) for folder in self._folders)
        return sum(count.f_files - count.f_ffree for count in counts) > MAX_FILES_IN_BOX

    def kill(self) -> None:
        """Stop the code: kill everything in the box, at once."""
        self.killed = True
        self._kill()

    def _kill(self) -> None:
        """Kill process 1 of the box: everything dies with it (pid_namespaces(7))."""
        with self._lock:
            if self._gone:  # the number may be another process's by now
                return
            with contextlib.suppress(ProcessLookupError):
                if self._init is None:
                    os.killpg(self._popen.pid, signal.SIGKILL)
                else:
                    signal.pidfd_send_signal(self._init, signal.SIGKILL)

    # -- the end ------------------------------------------------------------------------------

    def end(self) -> None:
        """Kill what is left, wait until everything is gone, and note what it used."""
        if not self.over:
            self._kill()
        if not readable(self.exited, KILL_PATIENCE_S):
            self._popen.kill()
        with self._lock:
            _, status, used = os.wait4(self._popen.pid, 0)
            self._popen.returncode = os.waitstatus_to_exitcode(status)
            self._gone = True
        # Between fork and exec a child counts our own memory as its own, and keeps the number.
        if used.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            self.peak_kib = max(self.peak_kib, used.ru_maxrss)

    def exit_code(self) -> int | None:
        """Return the code's exit code after the end; None if the box broke or was killed."""
        codes = [one["exit-code"] for one in self._documents(2, 0) if "exit-code" in one]
        return int(codes[0]) if codes else None

    def close(self) -> None:
        """Close what we hold of it."""
        with contextlib.suppress(BrokenPipeError):
            self._held.close()


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[BinaryIO, BinaryIO]:
    """Make a pipe whose ends are closed with `reader` and with `writer`."""
    read, write = os.pipe()
    return (
        reader.enter_context(os.fdopen(read, "rb")),
        writer.enter_context(os.fdopen(write, "wb")),
    )


def _in_memory(
    files: Mapping[str, bytes], passed: contextlib.ExitStack
) -> tuple[tuple[int, str], ...]:
    """Return a descriptor for each file's bytes, to be read from the beginning."""
    opened = []
    for path, data in files.items():
        file = passed.enter_context(os.fdopen(os.memfd_create("file"), "w+b"))
        file.write(data)
        file.seek(0)
        opened.append((file.fileno(), path))
    return tuple(opened)


def _widen(pipe: int) -> None:
    """Let a pipe hold everything that is not yet a flood.

    Node writes to a full pipe later, and `process.exit()` does not wait for that; output that fits
    is never lost. If the account has already enlarged as many pipes as the kernel allows, this one
    stays as it is.
    """
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, FLOOD_BYTES)
