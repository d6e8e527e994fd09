"""Code that takes too much of the machine is stopped: memory, threads, files, output, time."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable

import pytest

from . import support
from .support import IN_BOTH, Execute, needs_bubblewrap
from .together import Together

pytestmark = [needs_bubblewrap, pytest.mark.usefixtures("healthy")]


def counted_as_both(
    name: str, values: Iterable[str], as_root: Collection[str]
) -> pytest.MarkDecorator:
    """Try all as an ordinary user, and some as root: what is counted is the same."""
    pairs = [("ordinary", one) for one in values] + [("root", one) for one in as_root]
    return pytest.mark.parametrize(("execute", name), pairs, indirect=["execute"])


#: What is tried in the same boxes: it takes too much, and gives it back.
TOO_MUCH = Together()
FORKS = TOO_MUCH.add(
    python="""
import os
made = 0
for _ in range(1000):
    try:
        if os.fork():
            made += 1
    except OSError:
        pass
print(made)
"""
)


def test_a_fork_bomb_is_bounded(execute: Execute) -> None:
    assert FORKS.said(execute) == "0\n"


THREADS = TOO_MUCH.add(
    python="""
import threading
gate, made = threading.Event(), []
threading.stack_size(65536)
try:
    for _ in range(1000):
        made.append(threading.Thread(target=gate.wait))
        made[-1].start()
except RuntimeError:
    made.pop()
gate.set()
for one in made:
    one.join()
print(len(made))
"""
)


def test_threads_are_bounded(execute: Execute) -> None:
    assert 16 <= int(THREADS.said(execute)) < 64


def test_a_memory_hog_is_bounded(execute: Execute) -> None:
    outcome = execute("kept = []\nwhile True: kept.append(bytearray(10_000_000))")
    assert (outcome.exit_code != 0, outcome.stopped) == (True, None)
    assert outcome.peak_memory_kib < 400 * 1024


@support.needs_node
def test_a_javascript_heap_is_bounded() -> None:
    """By an option of Node's own, whoever runs it."""
    outcome = support.execute_as_ordinary(
        "const kept = []; for (;;) kept.push(new Array(1000).fill(0.5));", "javascript"
    )
    assert "heap out of memory" in outcome.stderr
    assert outcome.signal in ("SIGABRT", "SIGTRAP", "SIGILL")
    assert outcome.peak_memory_kib < 400 * 1024


READ_ONLY = """
import ctypes, mmap, threading, time
libc = ctypes.CDLL(None)
kept = []
def take():
    while True:
        kept.append(mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        kept[-1].write(b"x" * (16 << 20))
        place = ctypes.addressof(ctypes.c_char.from_buffer(kept[-1]))
        libc.mprotect(ctypes.c_void_p(place), 16 << 20, {protection})
def hold():
    try:
        take()
    except (OSError, MemoryError):
        time.sleep(60)
"""
TAKING = {
    "read-only": READ_ONLY.format(protection=1) + "hold()",
    "out of reach": READ_ONLY.format(protection=0) + "hold()",
    "in a thread": READ_ONLY.format(protection=1) + "threading.Thread(target=hold).start()",
    # The first thread ends without the process: nothing can be read of it any more.
    "in a thread that outlives the first": (
        READ_ONLY.format(protection=1)
        + "threading.Thread(target=hold).start()\ntime.sleep(0.02)\nlibc.pthread_exit(None)"
    ),
    "after the program was replaced": (
        READ_ONLY.format(protection=1).replace("import ctypes", "import os, sys, ctypes")
        + "if sys.argv[1:]: hold()\n"
        "os.execv(sys.executable, [sys.executable, '/box/main.py', 'again'])"
    ),
}


@counted_as_both("how", TAKING, as_root=["read-only"])
def test_memory_that_no_limit_of_the_kernel_counts_is_bounded(execute: Execute, how: str) -> None:
    """RLIMIT_DATA forgets memory that can no longer be written; who looks at it does not."""
    outcome = execute(TAKING[how])
    assert outcome.stopped == "memory_limit"
    assert outcome.peak_memory_kib < 512 * 1024


JAVASCRIPT_TAKES = {
    "a buffer": "Buffer.alloc(8 << 20, 1)",
    "an array buffer": "new Uint8Array(new ArrayBuffer(8 << 20)).fill(1)",
    "a growing buffer": "(() => { const b = new ArrayBuffer(1, { maxByteLength: 8 << 20 });"
    " b.resize(8 << 20); return new Uint8Array(b).fill(1); })()",
    "a shared buffer": "new Uint8Array(new SharedArrayBuffer(8 << 20)).fill(1)",
    "memory of WebAssembly": "new Uint8Array(new WebAssembly.Memory({ initial: 128 }).buffer)"
    ".fill(1)",
    "shared memory of WebAssembly": "new Uint8Array(new WebAssembly.Memory("
    "{ initial: 128, maximum: 128, shared: true }).buffer).fill(1)",
    "a string outside the heap": "Buffer.alloc(8 << 20, 'é').toString('utf16le')",
}


@support.needs_node
@counted_as_both("what", JAVASCRIPT_TAKES, as_root=["a buffer"])
def test_javascript_s_memory_outside_its_heap_is_bounded(execute: Execute, what: str) -> None:
    code = f"const kept = []; for (;;) kept.push({JAVASCRIPT_TAKES[what]});"
    outcome = execute(code, "javascript")
    assert outcome.exit_code != 0
    # A plain buffer meets the kernel's limit; who looks at the box may be first with the others.
    assert outcome.stopped in ((None,) if what == "a buffer" else (None, "memory_limit"))
    assert outcome.peak_memory_kib < 400 * 1024


#: Seconds that code may take which takes all there are.
WALL_S = 0.3
LOOPS = {
    "a loop": {"python": "while True: pass", "javascript": "for (;;);"},
    "a sleep": {
        "python": "import time; time.sleep(600)",
        "javascript": "setTimeout(() => {}, 600000)",
    },
    "loops in threads": {
        "python": "import threading\ndef spin():\n    while True: pass\n"
        "for _ in range(8): threading.Thread(target=spin).start()",
        "javascript": "const { Worker } = require('worker_threads');"
        "new Worker('for (;;);', { eval: true }); for (;;);",
    },
    "deafness to signals": {
        "python": "import signal\nfor one in signal.valid_signals() - {9, 19}:\n"
        "    try: signal.signal(one, signal.SIG_IGN)\n    except OSError: pass\n"
        "while True: signal.pause()",
        "javascript": "for (const one of ['SIGTERM', 'SIGINT']) process.on(one, () => {});"
        "setInterval(() => {}, 1000)",
    },
}


@IN_BOTH
@counted_as_both("name", LOOPS, as_root=["a loop"])
def test_what_does_not_end_is_ended(execute: Execute, language: str, name: str) -> None:
    outcome = execute(LOOPS[name][language], language, wall_s=WALL_S)
    assert (outcome.stopped, outcome.exit_code, outcome.signal) == ("timeout", 137, "SIGKILL")


def test_a_program_that_replaces_itself_is_ended(execute: Execute) -> None:
    code = """
import os, sys, threading
def again():
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"])
threading.Thread(target=again).start()
threading.Event().wait()
"""
    assert execute(code, wall_s=WALL_S).stopped == "timeout"


@IN_BOTH
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_an_output_flood_is_stopped(execute: Execute, language: str, stream: str) -> None:
    number = {"stdout": 1, "stderr": 2}[stream]
    code = {
        "python": f"import sys\nwhile True: sys.{stream}.write('x' * 10_000)",
        "javascript": f"for (;;) require('fs').writeSync({number}, 'x'.repeat(10_000))",
    }[language]
    outcome = execute(code, language)
    assert (outcome.stopped, len(getattr(outcome, stream))) == ("output_limit", 64 * 1024)


SIZES_MIB = {"/box": 64, "/tmp": 64, "/dev/shm": 8}
FILLED = {
    folder: TOO_MUCH.add(
        python=f"""
import os
written, made = 0, []
try:
    for number in range(100):
        made.append(f"{folder}/{{number}}")
        with open(made[-1], "wb", 0) as file:
            for _ in range(4):
                written += file.write(bytes(1 << 20))
except OSError as error:
    print(error.errno, written >> 20)
for path in made:
    os.unlink(path)
"""
    )
    for folder in SIZES_MIB
}


@pytest.mark.parametrize("folder", FILLED)
def test_files_are_bounded_in_bytes(execute: Execute, folder: str) -> None:
    number, written = map(int, FILLED[folder].said(execute).split())
    assert (number, SIZES_MIB[folder] - 2 <= written <= SIZES_MIB[folder]) == (errno.ENOSPC, True)


def test_what_is_kept_beside_files_is_bounded_too(execute: Execute) -> None:
    """Attributes and the places that links lead to are in memory without a page of any file."""
    code = """
import os
kept = 0
try:
    for number in range(3000):
        open(f"/box/{number}", "x").close()
        os.setxattr(f"/box/{number}", "user.a", bytes(60_000))
        os.symlink("x" * 4_000, f"/box/link{number}")
        kept += 64_000
except OSError as error:
    pass
print(kept >> 20)
"""
    outcome = execute(code)
    assert outcome.stopped == "file_limit" or int(outcome.stdout) <= 16, outcome


@IN_BOTH
def test_files_are_bounded_in_number(execute: Execute, language: str) -> None:
    code = {
        "python": "for n in range(10**9): open(f'/box/{n}', 'x').close()",
        "javascript": "for (let n = 0; ; n++) require('fs').closeSync("
        "require('fs').openSync(`/dev/shm/${n}`, 'w'))",
    }[language]
    assert execute(code, language).stopped == "file_limit"
