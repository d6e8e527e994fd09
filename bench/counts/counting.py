"""The three counters, each in processes of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import _server
from bench._http import register
from bench._httpload import HttpLoad
from bench.counts.asked import ASKED, MADE, SETTINGS, Asked
from bench.counts.inside import PIECE, WARM

INSIDE = [sys.executable, "-m", "bench.counts.inside"]
#: The order of sets and of what is in them is then the same each time.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore", "FLASK_SKIP_DOTENV": "1"}
REPEATED = {"instructions": 3, "system calls": 30}
#: The least of so many groups counts: what looks about once a second falls into one or another.
GROUPS = 3
#: To leave the poller and to come back to it, and to write and read what wakes it.
CALLS_OF_A_HANDOVER = 4
#: What depends on who is woken when, and not on what is asked.
BY_CHANCE = {
    "futex", "epoll_wait", "epoll_pwait", "poll", "select", "sched_yield", "clock_nanosleep",
    "restart_syscall", "rt_sigreturn", "madvise", "mmap", "munmap", "brk", "mprotect", "gettid",
    "getpid", "rseq", "set_robust_list", "exit", "rt_sigprocmask",
}  # fmt: skip
ATTACH_SECONDS = 10.0
#: Seconds after which a server does nothing by itself any more.
READY_S = 6.0


class NotHere(Exception):
    """This machine has no such counter, or forbids it."""


def statements() -> dict[str, float]:
    """Count the statements of SQLite that each request takes."""
    found = subprocess.run(
        [*INSIDE, "statements"],
        cwd=_server.ROOT,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise RuntimeError(found.stderr[-2000:])
    counts: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return counts


def instructions() -> dict[str, float]:
    """Count the instructions of each request, in times of a fixed piece of Python."""
    if not shutil.which("valgrind"):
        raise NotHere("apt-get install valgrind")
    with tempfile.TemporaryDirectory() as folder, _under_callgrind(Path(folder)) as process:
        if _line(process) != "ready":
            raise NotHere("callgrind does not run this interpreter")
        _control(process, "--instr=on")
        counts = {}
        for name in (PIECE, *ASKED):
            _told(process, 2, name)  # callgrind translates what it sees for the first time
            _control(process, "--zero")
            counts[name] = min(_group(process, name, Path(folder)) for _ in range(GROUPS))
        piece = counts.pop(PIECE)
    return {name: round(count / piece, 3) for name, count in counts.items()}


def _group(process: subprocess.Popen[str], name: str, folder: Path) -> int:
    """Count a few of a kind; a dump begins anew."""
    _told(process, REPEATED["instructions"], name)
    _control(process, "--dump")
    return _total(folder)


@contextmanager
def _under_callgrind(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"]
    command += [f"--callgrind-out-file={folder}/out", *INSIDE, "told"]
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(
            command,
            cwd=_server.ROOT,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _control(process: subprocess.Popen[str], what: str) -> None:
    """Tell callgrind something, while the process waits for its next line."""
    command = ["callgrind_control", what, str(process.pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode or "Error" in found.stdout + found.stderr:
        raise NotHere(f"callgrind_control: {(found.stdout + found.stderr).strip()[-300:]}")


def _told(process: subprocess.Popen[str], count: int, name: str) -> None:
    if process.stdin is None:
        raise RuntimeError("the process has no pipes")
    process.stdin.write(f"{count} {name}\n")
    process.stdin.flush()
    if _line(process) != "done":
        raise RuntimeError(f"{name} failed under callgrind")


def _line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip() if process.stdout else ""


def _total(folder: Path) -> int:
    """Return the instructions of the newest dump, and remove it."""
    [path] = folder.glob("out.*")
    text = path.read_text()
    path.unlink()
    return sum(int(count) for count in re.findall(r"^(?:totals|summary): (\d+)", text, re.M)[-1:])


def system_calls() -> dict[str, float]:
    """Count the system calls of the server for each request, on one connection."""
    if not shutil.which("strace"):
        raise NotHere("apt-get install strace")
    with _server.temp_folder() as folder:
        port = _server.free_port()
        server = _server.ours(sys.executable, port, folder, **SETTINGS, **ENVIRONMENT)
        server.start()
        try:
            _server.wait_health(server, port)
            api = register(port)
            for one in MADE:
                api.want(201, one.method, one.path, one.body)
            # In its first seconds it makes ready what it needs later, such as its sandbox.
            time.sleep(READY_S)
            return {name: _calls(server, port, api.token, one) for name, one in ASKED.items()}
        finally:
            server.stop()


def _calls(server: _server.Server, port: int, token: str, asked: Asked) -> float:
    tag = '"1"' if asked.tagged else ""
    load = HttpLoad(port, asked.path, token, 1, tag=tag, body=asked.data)
    load.saturate(60.0, WARM)
    groups = []
    for _ in range(GROUPS):
        with _traced(server.pids(), server.folder / "calls") as output:
            load.saturate(60.0, REPEATED["system calls"])
        groups.append(_counted(output.read_text()))
    load.close()
    return round(min(groups) / REPEATED["system calls"], 1)


@contextmanager
def _traced(pids: list[int], output: Path) -> Iterator[Path]:
    """Trace processes with all their threads; the summary is there afterwards."""
    command = ["strace", "-f", "-c", "-U", "calls,name", "-o", str(output)]
    command += [word for pid in pids for word in ("-p", str(pid))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        _wait_attached(process, pids)
        yield output
        process.send_signal(signal.SIGINT)
        process.wait(ATTACH_SECONDS)


def _wait_attached(process: subprocess.Popen[str], pids: list[int]) -> None:
    """Wait until each process has its tracer; raises NotHere where that is forbidden."""
    until = time.monotonic() + ATTACH_SECONDS
    while not all(_has_tracer(pid) for pid in pids):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise NotHere(f"strace may not: {process.stderr.read() if process.stderr else ''}")
        time.sleep(0.01)


def _has_tracer(pid: int) -> bool:
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    return all("TracerPid:\t0" not in (task / "status").read_text() for task in tasks)


def _counted(summary: str) -> int:
    """Add up the calls that are not there by chance."""
    rows = re.findall(r"^\s*(\d+)\s+(\w+)$", summary, re.M)
    calls = {name: int(count) for count, name in rows if name not in BY_CHANCE | {"total"}}
    # A slow machine holds up a request until it is handed to another thread, which is not the
    # request's doing: its connection leaves the poller, which is woken by a pipe to take it back.
    handed = calls.get("epoll_ctl", 0) // 2
    return sum(calls.values()) - handed * CALLS_OF_A_HANDOVER


COUNTERS = {
    "statements": statements,
    "system calls": system_calls,
    "instructions": instructions,
}
