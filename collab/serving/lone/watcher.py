"""The program that watches the one process that serves: `python watcher.py`, with arguments.

The first process of a server becomes this one once it has started the other, the only one that
needs the application: so the application is in memory once. This passes signals on, and becomes a
whole server again when the process that serves has died or hangs; the port stays open meanwhile. It
imports only what the interpreter has loaded anyway, not even the names that `signal` gives to
numbers, nor `typing`: each would add a megabyte to a program of three.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from types import FrameType
    from typing import NoReturn
else:
    import _signal as signal

#: Where the next server finds what this one leaves: the open port's descriptors, and the exit code
#: of the process that served, such as `5,6 -9`; no code if it was told to end.
LEFT_VARIABLE = "COLLAB_LEFT"
#: The exit code of a process that could not begin to serve: another one could not, either.
BOOT_ERROR = 3
#: Seconds between two checks of the process that serves.
LOOK_S = 1.0
#: The signals that stop the server, that restart it, and that only several processes can handle.
STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
RENEWING_SIGNALS = (signal.SIGHUP,)
UNHEARD_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU)
#: The signals that are held back while one program becomes the other.
HELD_SIGNALS = (*STOPPING_SIGNALS, *RENEWING_SIGNALS, *UNHEARD_SIGNALS)
#: Linux's number for it, which `socket` does not know (asm-generic/socket.h).
SO_ATTACH_FILTER = 26
#: A program for the kernel (linux/filter.h): it looks at SYN and ACK among the flags in byte 13 of
#: a TCP header (RFC 9293 §3.1), drops a packet with SYN alone, which asks for a new connection, and
#: accepts all others. Opcode, jump if true, jump if false, operand.
NO_NEWCOMERS = ((0x30, 0, 0, 13), (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0))
TAKE_REST = (0x06, 0, 0, 0x40000)


class Watcher:
    """Waits for the end of a process, whose signs of life are a file's timestamps."""

    def __init__(
        self, child: str, heart: str, sockets: str, silent_s: str, grace_s: str, *command: str
    ) -> None:
        """Make it from arguments: a process number, descriptors, seconds, the server's command."""
        self._child, self._heart, self._sockets = int(child), int(heart), sockets
        self._silent_s, self._grace_s, self._command = float(silent_s), float(grace_s), command
        self._stopping = self._aborted = False
        self._end_by = float("inf")

    def watch(self) -> NoReturn:
        """Wait until it ends; then end as well, or start again."""
        hear(STOPPING_SIGNALS, self._stop)
        hear(RENEWING_SIGNALS, self._renew)
        hear(
            UNHEARD_SIGNALS, lambda *_: None
        )  # what is ignored would be ignored by the next server, too
        hear((signal.SIGALRM,), self._look)
        signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        code = self._ended()
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)  # until the next watcher hears them
        if self._stopping:
            os._exit(0)
        if code == BOOT_ERROR:
            os._exit(code)
        self._begin_anew(code)

    def _ended(self) -> int:
        """Return its exit code, negative for a signal; reaps orphans that became our children."""
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == self._child:
                return os.waitstatus_to_exitcode(status)

    def _begin_anew(self, code: int) -> NoReturn:
        signal.setitimer(signal.ITIMER_REAL, 0)  # it would outlive this program
        os.close(self._heart)
        os.environ[LEFT_VARIABLE] = f"{self._sockets} {'' if self._told_to_end else code}"
        os.execv(self._command[0], self._command)  # noqa: S606

    def _send(self, number: int) -> None:
        try:  # noqa: SIM105  (contextlib has more in memory than all of this)
            os.kill(self._child, number)
        except ProcessLookupError:
            pass  # its end was seen a moment ago

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            self._close_port()
        self._tell_to_end()

    def _close_port(self) -> None:
        """Leave the port to the process that serves: it is closed once that closes it, too."""
        import socket  # here: a program that has not been told to end does not need its memory

        for one in self._sockets.split(","):
            with socket.socket(fileno=int(one)) as port:
                keep_newcomers_out(port)

    def _renew(self, _number: int, _frame: FrameType | None) -> None:
        self._tell_to_end()

    def _tell_to_end(self) -> None:
        if not self._told_to_end:
            self._end_by = time.monotonic() + self._grace_s
            signal.setitimer(signal.ITIMER_REAL, self._grace_s, LOOK_S)
        self._send(signal.SIGTERM)

    @property
    def _told_to_end(self) -> bool:
        return self._end_by < float("inf")

    def _look(self, _number: int, _frame: FrameType | None) -> None:
        """Kill it if it was told to end and has not, or has shown no sign of life for too long."""
        now = time.monotonic()
        if now >= self._end_by or self._aborted:
            self._send(signal.SIGKILL)
        elif now - os.fstat(self._heart).st_mtime > self._silent_s:
            self._aborted = True
            self._send(signal.SIGABRT)


def keep_newcomers_out(port: socket.socket) -> bool:
    """Let no new connection begin; those that have begun are completed. Returns if the system can.

    That applies in every process that has the port open, for as long as one of them has.
    """
    import array
    import socket
    import struct

    if sys.platform != "linux" or port.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    program = [struct.pack("HBBI", *one) for one in (*NO_NEWCOMERS, TAKE_REST)]
    code = array.array("B", b"".join(program))
    told = struct.pack("HP", len(program), code.buffer_info()[0])
    try:
        port.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, told)
    except OSError:
        return False  # then latecomers are reset, as without it
    return True


def hear(numbers: tuple[signal.Signals, ...], handler: object) -> None:
    """Have a function called with some signals."""
    for one in numbers:
        signal.signal(one, handler)  # type: ignore[arg-type]


if __name__ == "__main__":
    Watcher(*sys.argv[1:]).watch()
