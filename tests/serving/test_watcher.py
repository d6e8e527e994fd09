"""What watches the one process that serves: the program itself, with processes of a few lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collab.serving.lone import process, watcher
from collab.serving.lone.watcher import BOOT_ERROR

from ..support import measuring
from ..support.waiting import PATIENCE

#: As `lone/process.py` starts it; coverage begins only where `site` is.
BARE_FLAGS = ("-I",) if measuring.VARIABLE in os.environ else process.BARE_FLAGS
#: Becomes the watcher of a process that runs some lines, as `lone/process.py` does.
LAUNCH = f"""
import os, signal, socket, sys, tempfile, time
port = socket.create_server(("127.0.0.1", 0))
os.dup2(port.fileno(), 0)
lines, silent_s, grace_s = sys.argv[1:]
signal.pthread_sigmask(signal.SIG_BLOCK, {[int(one) for one in watcher.HELD_SIGNALS]})
heart = tempfile.TemporaryFile()
os.utime(heart.fileno(), (time.monotonic(), time.monotonic()))
child = os.fork()
if child == 0:
    exec(lines)
    os._exit(0)
os.set_inheritable(heart.fileno(), True)
told = [child, heart.fileno(), 0, silent_s, grace_s, sys.executable, "-c"]
again = "import os; print('left', os.environ['{watcher.LEFT_VARIABLE}'].split())"
program = [sys.executable, *{BARE_FLAGS!r}, {watcher.__file__!r}, *map(str, told), again]
os.execv(sys.executable, program)
"""
HEARS = "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])\n"
SAYS_SO = "print(os.getpid(), flush=True)\n"
WAITS = "while True: signal.pause()"
ENDS_WITH = "signal.signal(signal.SIGTERM, lambda *_: os._exit({}))\n"

Launch = Callable[..., "Watched"]


class Watched:
    """A watcher, and the number of the process that it watches."""

    def __init__(self, lines: str, silent_s: float, grace_s: float) -> None:
        told = [lines, str(silent_s), str(grace_s)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *told], stdout=subprocess.PIPE, text=True
        )
        self.child = int(self.process.stdout.readline())

    def ended(self) -> tuple[int, str]:
        """Return the exit code, and what the next server printed, if one began."""
        printed = self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode, printed.strip()

    def has_gone(self) -> bool:
        """Return whether the watched process is no more."""
        return not Path(f"/proc/{self.child}/stat").exists()


@pytest.fixture
def launch():
    """Return a maker of watchers, which are gone after the test."""
    made: list[Watched] = []

    def begin(lines: str, silent_s: float = 3600, grace_s: float = 3600) -> Watched:
        made.append(Watched(lines, silent_s, grace_s))
        return made[-1]

    yield begin
    for one in made:
        one.process.kill()
        one.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_it_passes_on_that_all_is_to_end(launch: Launch, number: int) -> None:
    watched = launch(ENDS_WITH.format(7) + HEARS + SAYS_SO + WAITS)
    watched.process.send_signal(number)
    assert watched.ended() == (0, "")
    assert watched.has_gone()


def test_one_that_does_not_end_is_killed(launch: Launch) -> None:
    watched = launch(SAYS_SO + WAITS, grace_s=0.2)  # SIGTERM is held back there
    watched.process.terminate()
    assert watched.ended() == (0, "")
    assert watched.has_gone()


def test_when_it_is_killed_a_server_begins_with_its_port(launch: Launch) -> None:
    watched = launch(SAYS_SO + WAITS)
    os.kill(watched.child, signal.SIGKILL)
    assert watched.ended() == (0, "left ['0', '-9']")


def test_when_it_ends_by_itself_a_server_begins_too(launch: Launch) -> None:
    assert launch(SAYS_SO + "os._exit(1)").ended() == (0, "left ['0', '1']")


def test_one_that_gives_no_sign_of_life_is_killed_and_a_server_begins(launch: Launch) -> None:
    watched = launch(SAYS_SO + "os.kill(os.getpid(), signal.SIGSTOP)", silent_s=1)
    assert watched.ended() == (0, "left ['0', '-9']")


def test_one_that_could_not_begin_is_not_begun_again(launch: Launch) -> None:
    assert launch(SAYS_SO + f"os._exit({BOOT_ERROR})").ended() == (BOOT_ERROR, "")


def test_told_to_begin_anew_it_does(launch: Launch) -> None:
    watched = launch(ENDS_WITH.format(0) + HEARS + SAYS_SO + WAITS)
    watched.process.send_signal(signal.SIGHUP)
    assert watched.ended() == (0, "left ['0']")


def test_what_only_several_processes_take_changes_nothing(launch: Launch) -> None:
    watched = launch(ENDS_WITH.format(0) + HEARS + SAYS_SO + WAITS)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU):
        watched.process.send_signal(number)
    assert not watched.has_gone()
    watched.process.terminate()
    assert watched.ended() == (0, "")


@pytest.mark.skipif(measuring.VARIABLE in os.environ, reason="coverage imports them")
def test_it_does_without_the_modules_that_would_be_half_of_its_memory():
    folder = str(Path(watcher.__file__).parent)
    asked = f"import sys; sys.path.insert(0, {folder!r}); import watcher; print(*sys.modules)"
    command = [sys.executable, *BARE_FLAGS, "-c", asked]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"signal", "enum", "typing", "re", "watcher"} & set(imported) == {"watcher"}
