"""How a run goes: what code reads and writes, how it ends, and what is known of it afterwards."""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collab.execution.boxes.box import SandboxError
from collab.execution.boxes.command import Tools
from collab.execution.output import FLOOD_BYTES, MAX_KEPT_BYTES
from collab.execution.programs import Installed
from collab.execution.running import Listener, Watch, run

from ..support.forks import forked
from ..support.waiting import PATIENCE, eventually
from . import support
from .support import IN_BOTH, Execute, execute, needs_bubblewrap

pytestmark = needs_bubblewrap

HELLO = {"python": "print('Hello World')", "javascript": "console.log('Hello World')"}


@IN_BOTH
@pytest.mark.parametrize("who", [support.execute, support.execute_as_ordinary])
def test_code_says_hello(who: Execute, language: str) -> None:
    outcome = who(HELLO[language], language)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, "Hello World\n", "")
    assert (outcome.signal, outcome.stopped, outcome.language) == (None, None, language)


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_the_exit_code_is_the_code_s(code: int) -> None:
    assert execute(f"exit({code})").exit_code == code


@support.needs_node
def test_the_exit_code_is_that_of_javascript() -> None:
    assert execute("process.exit(3)", "javascript").exit_code == 3


@IN_BOTH
def test_an_error_that_nobody_catches_is_told_on_stderr(language: str) -> None:
    text = {"python": "raise ValueError('ouch')", "javascript": "throw new Error('ouch')"}[language]
    outcome = execute(text, language)
    assert (outcome.exit_code, "ouch" in outcome.stderr) == (1, True)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGABRT", "SIGALRM"])
def test_a_signal_that_ends_the_code_is_named(name: str) -> None:
    number = signal.Signals[name].value
    outcome = execute(f"import os; os.kill(os.getpid(), {number})")
    assert (outcome.exit_code, outcome.signal, outcome.stopped) == (128 + number, name, None)


def test_processor_time_is_limited_where_the_clock_is_not_met_first() -> None:
    """The kernel's limit is there; its signal is sent by the code, which need not burn seconds."""
    code = (
        "import os, resource, signal\nprint(*resource.getrlimit(resource.RLIMIT_CPU), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGXCPU)"
    )
    outcome = execute(code, wall_s=30)
    assert (outcome.signal, outcome.stopped) == ("SIGXCPU", None)
    soft, hard = map(int, outcome.stdout.split())
    assert 30 <= soft < hard <= 60


@IN_BOTH
def test_a_syntax_error_is_a_result(language: str) -> None:
    outcome = execute("(", language)
    assert (outcome.exit_code, "SyntaxError" in outcome.stderr) == (1, True)


def test_code_of_64_kib_is_run() -> None:
    code = "print('end')"
    assert execute("#" * (64 * 1024 - len(code) - 1) + "\n" + code).stdout == "end\n"


@pytest.mark.parametrize("stdin", [None, "given"])
def test_starting_it_copies_nothing_of_the_server(
    monkeypatch: pytest.MonkeyPatch, stdin: str | None
) -> None:
    """Popen takes vfork(2) only where it need not change the user and runs nothing in between."""
    started: list[inspect.BoundArguments] = []
    popen = inspect.signature(subprocess.Popen)

    class Noting(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **named: Any) -> None:
            started.append(popen.bind(*args, **named))
            super().__init__(*args, **named)

    monkeypatch.setattr(subprocess, "Popen", Noting)
    execute("pass", stdin=stdin)
    forks = {"preexec_fn", "user", "group", "extra_groups"}
    assert [forks & one.arguments.keys() for one in started] == [set()]


# -- standard input -------------------------------------------------------------------------------

ECHO = {
    "python": "import sys; sys.stdout.write(sys.stdin.read())",
    "javascript": "process.stdin.pipe(process.stdout)",
}


@IN_BOTH
@pytest.mark.parametrize("stdin", ["", "two\nlines", "ü 👩‍👩‍👧 \0", "x" * 60_000])
def test_code_reads_what_it_is_given(language: str, stdin: str) -> None:
    assert execute(ECHO[language], language, stdin=stdin).stdout == stdin


@pytest.mark.parametrize("who", [support.execute, support.execute_as_ordinary])
@IN_BOTH
def test_code_reads_the_input_by_its_name_too(who: Execute, language: str) -> None:
    code = {
        "python": "open('/dev/stdout', 'w').write(open('/dev/stdin').read())",
        "javascript": "console.log(require('fs').readFileSync('/dev/stdin', 'utf8'))",
    }[language]
    assert who(code, language, stdin="given").stdout.strip() == "given"


@IN_BOTH
def test_code_that_is_given_nothing_reads_nothing(language: str) -> None:
    outcome = execute(ECHO[language], language)
    assert (outcome.exit_code, outcome.stdout) == (0, "")


def test_code_need_not_read_what_it_is_given() -> None:
    outcome = execute("print('deaf')", stdin="x" * 500_000)
    assert (outcome.exit_code, outcome.stdout) == (0, "deaf\n")


def test_code_may_close_its_input_early() -> None:
    code = "import os; os.close(0); print('closed')"
    assert execute(code, stdin="x" * 500_000).stdout == "closed\n"


# -- output ---------------------------------------------------------------------------------------


class Heard:
    """A listener that notes what it hears, and can let the code go on."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.kill: Callable[[], None] = lambda: None

    @property
    def listener(self) -> Listener:
        return Listener(lambda stream, text: self.said.append((stream, text)), self._start)

    def _start(self, kill: Callable[[], None]) -> None:
        self.kill = kill

    def text(self, stream: str) -> str:
        return "".join(text for name, text in self.said if name == stream)


class Background:
    """A run in a thread of its own."""

    def __init__(self, code: str, language: str = "python", **how: object) -> None:
        self.heard, self.outcome = Heard(), None
        self._how = (code, language, self.heard.listener)
        self._thread = threading.Thread(target=self._run, kwargs=how)
        self._thread.start()

    def _run(self, **how: object) -> None:
        self.outcome = execute(*self._how, **how)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@IN_BOTH
def test_output_arrives_while_the_code_runs(language: str) -> None:
    code = {
        "python": "import time; print('first'); time.sleep(60)",
        "javascript": "console.log('first'); setTimeout(() => {}, 60_000)",
    }[language]
    running = Background(code, language, wall_s=30)
    eventually(lambda: running.heard.text("stdout") == "first\n")
    assert running.outcome is None
    running.heard.kill()
    running.join()


def test_both_streams_are_told_apart_and_in_order() -> None:
    heard = Heard()
    code = "import sys\nfor n in range(50): print(n); print(-n, file=sys.stderr)"
    outcome = execute(code, listener=heard.listener)
    numbers = list(range(50))
    assert outcome.stdout.split() == heard.text("stdout").split() == [str(n) for n in numbers]
    assert outcome.stderr.split() == heard.text("stderr").split() == [str(-n) for n in numbers]


def test_a_character_that_comes_in_two_halves_is_whole() -> None:
    code = (
        "import os, time\nfor byte in '€👩'.encode(): os.write(1, bytes([byte])); time.sleep(0.02)"
    )
    heard = Heard()
    assert execute(code, listener=heard.listener).stdout == "€👩"
    assert "\ufffd" not in heard.text("stdout")


def test_what_is_not_utf_8_is_replaced() -> None:
    outcome = execute(r"import os; os.write(1, b'a\xff\xfeb\xc3'); os.write(2, b'\xe2\x82')")
    assert (outcome.stdout, outcome.stderr) == ("a\ufffd\ufffdb\ufffd", "\ufffd")


def test_output_up_to_the_bound_is_kept_whole() -> None:
    outcome = execute(f"print('x' * {MAX_KEPT_BYTES}, end='')")
    assert (len(outcome.stdout), outcome.stdout_truncated) == (MAX_KEPT_BYTES, False)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_over_the_bound_is_cut_and_marked(stream: str) -> None:
    outcome = execute(f"import sys; sys.{stream}.write('x' * {MAX_KEPT_BYTES + 1})")
    cut = {"stdout": outcome.stdout_truncated, "stderr": outcome.stderr_truncated}
    assert cut == {"stdout": stream == "stdout", "stderr": stream == "stderr"}
    assert (len(getattr(outcome, stream)), outcome.exit_code) == (MAX_KEPT_BYTES, 0)


def test_a_character_is_not_cut_in_two() -> None:
    outcome = execute(f"print('x' + '€' * {MAX_KEPT_BYTES // 3 + 10})")
    assert (set(outcome.stdout), outcome.stdout_truncated) == ({"x", "€"}, True)
    assert MAX_KEPT_BYTES - 3 < len(outcome.stdout.encode()) <= MAX_KEPT_BYTES


def test_no_more_is_told_than_is_kept() -> None:
    heard = Heard()
    outcome = execute("for _ in range(90): print('x' * 9999)", listener=heard.listener)
    assert heard.text("stdout") == outcome.stdout
    assert outcome.stopped is None


def test_a_flood_is_stopped_with_what_was_kept() -> None:
    outcome = execute(f"while True: print('x' * {FLOOD_BYTES // 8})")
    assert (outcome.stopped, outcome.stdout_truncated) == ("output_limit", True)
    assert len(outcome.stdout) == MAX_KEPT_BYTES


def test_a_flood_that_ends_by_itself_is_one_too() -> None:
    assert execute(f"print('x' * {FLOOD_BYTES + 1})").stopped == "output_limit"


def test_a_flood_that_is_read_after_the_end_is_one_too(tmp_path: Path) -> None:
    (tmp_path / "stdout").write_bytes(b"x" * FLOOD_BYTES)
    (tmp_path / "stderr").touch()
    with (tmp_path / "stdout").open("rb") as stdout, (tmp_path / "stderr").open("rb") as stderr:
        ended: Any = SimpleNamespace(streams=(None, stdout, stderr))
        watch = Watch(ended, lambda name, text: None, "")
        watch.drain()
    assert watch.reason == "output_limit"


def test_streams_that_the_code_closes_harm_nothing() -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(0.2); os._exit(5)"
    assert execute(code).exit_code == 5


# -- time, memory, cancelling ---------------------------------------------------------------------


@IN_BOTH
def test_what_takes_too_long_is_stopped_with_what_it_said(language: str) -> None:
    code = {
        "python": "print('before')\nwhile True: pass",
        "javascript": "console.log('before'); for (;;);",
    }[language]
    outcome = execute(code, language, wall_s={"python": 1, "javascript": 2}[language])
    assert (outcome.stopped, outcome.stdout) == ("timeout", "before\n")
    assert 1000 <= outcome.duration_ms < 30_000


def test_the_duration_is_the_code_s() -> None:
    outcome = execute("import time; time.sleep(0.5)")
    assert 500 <= outcome.duration_ms < 30_000


@IN_BOTH
def test_the_peak_of_memory_is_the_code_s(language: str) -> None:
    code = {
        "python": "import time; kept = bytearray(150_000_000); del kept\n"
        "while True: print('on', flush=True); time.sleep(0.01)",
        "javascript": "let kept = Buffer.alloc(150_000_000, 1); kept = null;"
        " setInterval(() => console.log('on'), 10)",
    }[language]
    heard = Heard()

    def end_the_second_time(stream: str, text: str) -> None:
        """A peak is sampled, between one look at what the code says and the next."""
        heard.said.append((stream, text))
        if len(heard.said) == 2:
            heard.kill()

    small = execute("", language)
    big = execute(code, language, Listener(end_the_second_time, heard.listener.started), wall_s=60)
    assert small.peak_memory_kib < 100_000
    assert 146_000 < big.peak_memory_kib < 300_000


@IN_BOTH
def test_a_cancelled_run_ends_at_once(language: str) -> None:
    code = {
        "python": "print('on'); import time; time.sleep(60)",
        "javascript": "console.log('on'); setTimeout(() => {}, 60_000)",
    }[language]
    running = Background(code, language, wall_s=60)
    eventually(lambda: running.heard.said)
    running.heard.kill()
    running.join()  # long before the code would have ended by itself
    assert running.outcome is not None
    assert (running.outcome.exit_code, running.outcome.stopped) == (137, None)


def test_a_run_can_be_cancelled_before_it_began() -> None:
    outcome = execute("print('on')", listener=Listener(started=lambda kill: kill()))
    assert (outcome.exit_code, outcome.stdout) == (137, "")


@pytest.mark.parametrize("moment", range(12))
def test_a_run_can_be_cancelled_at_any_moment(moment: int) -> None:
    def start(kill: Callable[[], None]) -> None:
        timer = threading.Timer(moment * 0.004, kill)
        timers.append(timer)
        timer.start()

    timers: list[threading.Timer] = []
    outcome = execute("import time; time.sleep(60)", listener=Listener(started=start), wall_s=60)
    timers[0].join()
    assert (outcome.exit_code, outcome.stopped) == (137, None)


def test_killing_what_has_ended_does_nothing() -> None:
    heard = Heard()
    outcome = execute("pass", listener=heard.listener)
    heard.kill()
    assert (outcome.exit_code, outcome.signal, outcome.stopped) == (0, None, None)


def test_an_error_in_who_listens_ends_the_code() -> None:
    def fail(stream: str, text: str) -> None:
        raise LookupError(text)

    with pytest.raises(LookupError):
        execute("import time; print('on'); time.sleep(60)", listener=Listener(fail), wall_s=60)


# -- what is left ---------------------------------------------------------------------------------


def test_runs_at_the_same_time_do_not_meet() -> None:
    codes = [f"open('mine', 'x').write('{n}'); print(open('mine').read())" for n in range(6)]
    running = [Background(code) for code in codes]
    for one in running:
        one.join()
    assert [one.outcome and one.outcome.stdout for one in running] == [f"{n}\n" for n in range(6)]


def test_no_file_outlives_its_run() -> None:
    execute("open('/box/mine', 'w').write('x')")
    assert execute("import os; print(os.listdir('/box'))").stdout == "['main.py']\n"


def at(path: str) -> Installed:
    return Installed(path, path)


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir() if entry.exists()}


def test_no_descriptor_outlives_its_run() -> None:
    execute("pass")
    before = descriptors()
    for code in ("print(1)", "exit(3)", "while True: print('x' * 100_000)", "input()"):
        execute(code, stdin="x")
    with pytest.raises(SandboxError):
        run(support.program("1"), replace(support.TOOLS, bwrap=at("/usr/bin/false")))
    with pytest.raises(SandboxError):
        run(support.program("1"), replace(support.TOOLS, bwrap=at("/nowhere/bwrap")))
    assert descriptors() - before == set()


@pytest.mark.parametrize(
    "tools",
    [
        replace(support.TOOLS, bwrap=at("/usr/bin/false")),
        replace(support.TOOLS, bwrap=at("/usr/bin/env")),
        replace(support.TOOLS, bwrap=at("/nowhere/bwrap")),
        replace(support.TOOLS, prlimit=at("/nowhere/prlimit")),
    ],
    ids=["fails", "is something else", "is not there", "can not start the code"],
)
def test_a_box_that_can_not_be_made_is_an_error_and_runs_nothing(tools: Tools) -> None:
    heard = Heard()
    with pytest.raises(SandboxError):
        run(support.program("print('on')"), tools, heard.listener)
    assert heard.text("stdout") == ""


@pytest.mark.parametrize("user", [0, support.ORDINARY], ids=["root", "ordinary"])
@pytest.mark.parametrize("language", [support.PYTHON, support.JAVASCRIPT])
def test_the_box_dies_with_the_server(user: int, language: str) -> None:
    code = {"python": "import time; time.sleep(600)", "javascript": "setInterval(() => {}, 9999)"}
    server = start_server(user, code[language], language)
    below = eventually(lambda: inside(server))
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    eventually(lambda: not any(map(support.alive, below)))


@pytest.mark.parametrize("moment", range(0, 20, 2))
def test_the_box_dies_with_a_server_that_is_killed_while_it_starts(moment: int) -> None:
    others = support.descendants(os.getpid())  # such as the tests' fork server
    server = start_server(0, "import time; time.sleep(600)", "python")
    threading.Event().wait(moment * 0.002)
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    eventually(lambda: not support.descendants(os.getpid(), others))


def start_server(user: int, code: str, language: str) -> int:
    """Start a process that runs code in the sandbox; returns its number."""
    if user == 0 and os.geteuid() != 0:
        pytest.skip("needs root: run the tests as root too (in a container, or with sudo)")
    support.seccomp.program()

    def serve() -> None:
        if user:
            support.become(user)
        execute(code, language, wall_s=600)

    return forked(serve)


def inside(server: int) -> set[int]:
    """Return all of a server's processes, once the code is among them."""
    below = support.descendants(server)
    lines = []
    for one in below:
        with contextlib.suppress(OSError):  # what makes the box may have ended meanwhile
            lines.append(Path(f"/proc/{one}/cmdline").read_bytes())
    return below if any(b"main." in line and b"bwrap" not in line for line in lines) else set()
