"""The worker's process, as the server sees it: started, told, listened to, ended."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import termios
from dataclasses import asdict
from pathlib import Path

from .loop import Options

WORKER_PROGRAM = Path(__file__).with_name("program.py")
#: What the process gets from the server's environment: nothing that may be a secret.
PASSED_VARIABLES = ("PATH", "PYTHONPATH", "LANG", "TZ", "TMPDIR")
#: Seconds that it may take to finish what it has in hand; a load that is killed then is repeated.
#: Each load is one transaction, so being killed loses nothing.
GRACE_S = 1.0


def start(options: Options) -> subprocess.Popen[bytes]:
    """Start a worker, and tell it what it has to do."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
        # -P: no module is imported from the working folder; -B: nothing is written beside the
        # source.
        [sys.executable, "-P", "-B", str(WORKER_PROGRAM)],
        stdin=subprocess.PIPE,
        # A knock is one byte, and must not wait in a buffer.
        bufsize=0,
        # It works on what strangers send: secrets that it does not have can't leak from it.
        env={name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ},
        # Its files hold what people send: no other account on the machine may read them.
        umask=0o077,
        start_new_session=True,  # Ctrl-C is the server's to hear
    )
    if process.stdin:
        # Through the pipe, not as arguments: those are visible to everybody on the machine.
        process.stdin.write(json.dumps(asdict(options)).encode() + b"\n")
        # From here on only knocks are written, and none may wait for a worker that hangs.
        os.set_blocking(process.stdin.fileno(), False)
    return process


def has_ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a process to end, but not for longer than this; returns whether it has."""
    if not hasattr(os, "pidfd_open"):  # other systems poll twenty times a second
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    else:
        with contextlib.suppress(ProcessLookupError):
            _wait_for(os.pidfd_open(process.pid), seconds)
    return process.poll() is not None


def _wait_for(descriptor: int, seconds: float) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        poll.poll(seconds * 1000)
    finally:
        os.close(descriptor)


def unheard(process: subprocess.Popen[bytes]) -> int:
    """Return how many knocks the process has not read: a stopped one reads none."""
    with contextlib.suppress(OSError, ValueError):
        if process.stdin:
            found = fcntl.ioctl(process.stdin.fileno(), termios.FIONREAD, bytes(4))
            return int.from_bytes(found, sys.byteorder)
    return 0


def ended_in_time(process: subprocess.Popen[bytes]) -> bool:
    """Have it finish what it has in hand, and end; returns whether it did so in time."""
    with contextlib.suppress(OSError):
        if process.stdin:
            # The end of the pipe is the signal to stop: it also comes if this server is killed.
            process.stdin.close()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        return False
    return True
