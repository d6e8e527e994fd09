"""The command line that puts code into its box: bubblewrap twice, then the limits, then the code.

The outer bubblewrap makes the namespaces and the files. Its child, process 1 of the box, first
mounts the writable folders, which bubblewrap can't do without letting programs run from them; then
it becomes the inner bubblewrap, which makes a second user namespace, drops everything, and starts
the code under the filter. A single bubblewrap would exit before process 1 of the box, and hide what
was used. With two
- the outer one ends when process 1 has ended; then all of the box is gone (pid_namespaces(7)), and
  what it used has been counted;
- process 1 is out of the code's reach: it belongs to another user namespace.

**No native code from files.** Everything writable is mounted `noexec`, so neither execve(2) nor
mmap(2) takes a program or a library from it, however an interpreter is talked into loading one;
/proc is read-only, so no process overwrites its own machine code through /proc/self/mem; and of the
machine's programs only those of this command line are there.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import PurePosixPath

from ...frozen import frozen
from ..languages import MIB, Language
from ..programs import LIBRARY_FOLDERS, Installed, bubblewrap, system_program, zones
from .hidden import hidden_mounts, showing, within

LINKS = {
    "/bin": "/usr/bin",
    "/lib": "/usr/lib",
    "/lib64": "/usr/lib64",
    "/tmp": "/box",  # noqa: S108 (inside)
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")

BOX_FOLDER = "/box"
#: Bytes of files in the code's working folder.
BOX_BYTES = 64 * MIB
#: Bytes of files in /dev/shm.
SHM_BYTES = 8 * MIB
#: Where the files of a workspace are, which no run may change, and how many bytes fit there.
SHOWN_FILES_FOLDER = "/files"
SHOWN_FILES_BYTES = 8 * MIB
#: Files and folders that each of them holds: the kernel's bound, beyond `box.MAX_FILES_IN_BOX`.
MAX_INODES = 8192
#: The code's user inside, and outside when the server is root: nobody.
NOBODY_ID = 65534

CODE_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin",
    "HOME": BOX_FOLDER,
    "TMPDIR": BOX_FOLDER,
    "LANG": "C.UTF-8",
}

NAMESPACES = ("user", "ipc", "pid", "net", "uts", "cgroup-try")


#: What process 1 does before it becomes the inner bubblewrap: it makes the folders for files.
MOUNT_COMMAND = (
    "mount -t tmpfs -o noexec,nosuid,nodev,mode=0755,nr_inodes={inodes},size={size} box {place}"
)
#: The folders for files, and how many bytes each holds.
FOLDERS = ((BOX_FOLDER, BOX_BYTES), ("/dev/shm", SHM_BYTES))  # noqa: S108 (inside)


@frozen
class Tools:
    """The programs that make the box."""

    bwrap: Installed
    prlimit: Installed
    setpriv: Installed
    mount: Installed
    sh: Installed

    @classmethod
    def find(cls) -> Tools | str:
        """Return them all, or the name of the first that is not installed where code can see it."""
        found = {field.name: _find(field.name) for field in fields(cls)}
        there = {name: program for name, program in found.items() if program is not None}
        missing = [name for name in found if name not in there]
        return missing[0] if missing else cls(**there)

    @property
    def all(self) -> tuple[Installed, ...]:
        """Return them."""
        return tuple(getattr(self, field.name) for field in fields(self))


def _find(name: str) -> Installed | None:
    return bubblewrap() if name == "bwrap" else system_program(name)


@frozen
class Descriptors:
    """What bubblewrap reads and writes: descriptors that it inherits and the code does not."""

    source: int
    filter: int
    status: int
    #: The files of the run: for each, the descriptor with its bytes, and its path.
    own: tuple[tuple[int, str], ...] = ()
    shown: tuple[tuple[int, str], ...] = ()

    @property
    def all(self) -> tuple[int, ...]:
        """Return them all."""
        files = (descriptor for descriptor, _ in (*self.own, *self.shown))
        return (self.source, self.filter, self.status, *files)


def command(
    tools: Tools,
    language: Language,
    interpreter: Installed,
    wall_s: float,
    given: Descriptors,
    main: str | None = None,
) -> list[str]:
    """Return the command line; `wall_s` is the time that the code may take, in seconds.

    `main` is the path of the code in the working folder, if it is not the language's own.
    """
    place = PurePosixPath(BOX_FOLDER, main or language.file)
    database = zones()
    programs = (*tools.all, interpreter, *((database,) if database else ()))
    hidden = hidden_mounts(programs) if os.geteuid() == 0 else {}
    return [
        *_as_nobody(tools, hidden),
        *(within(tools.bwrap.outside, hidden), *_outer(programs, hidden, given), "--"),
        *(tools.sh.inside, "-c", _prepare(given), "sh"),
        *(tools.setpriv.inside, "--inh-caps", "-all", "--ambient-caps", "-all", "--"),
        *(tools.bwrap.inside, *_inner(place, given), "--"),
        *(tools.prlimit.inside, *limits(language, interpreter, wall_s), "--"),
        *(*language.words(interpreter), _named(place)),
    ]


def _named(place: PurePosixPath) -> str:
    """Return how the file is named to the interpreter: never so that it looks like an option."""
    return f"./{place.name}" if place.name.startswith("-") else place.name


def _prepare(given: Descriptors) -> str:
    """Return the script that process 1 runs before it is the inner bubblewrap, to make folders."""
    shown = ((SHOWN_FILES_FOLDER, SHOWN_FILES_BYTES),) if given.shown else ()
    mounts = (
        MOUNT_COMMAND.format(inodes=MAX_INODES, size=size, place=place)
        for place, size in (*FOLDERS, *shown)
    )
    return " && ".join((*mounts, 'exec "$@"'))


def _as_nobody(tools: Tools, hidden: Mapping[str, str]) -> list[str]:
    """Return the command that turns root into nobody: RLIMIT_NPROC does not bind root.

    Popen could do it, but would have to fork for that, and copy the page tables of the whole server
    while it holds the GIL; this way it can use vfork(2).
    """
    if os.geteuid() != 0:
        return []
    who = ("--reuid", str(NOBODY_ID), "--regid", str(NOBODY_ID), "--clear-groups")
    return [*showing(tools.sh, hidden), tools.setpriv.outside, *who, "--"]


def _outer(
    programs: Iterable[Installed], hidden: Mapping[str, str], given: Descriptors
) -> list[str]:
    """Return the options that make the namespaces and the files, with no programs but these."""
    words = [f"--unshare-{name}" for name in NAMESPACES]
    words += ["--as-pid-1", "--die-with-parent", "--hostname", "box", *_identity(), "--clearenv"]
    words += ["--cap-add", "CAP_SYS_ADMIN"]  # in the box's own namespaces: to mount
    for name, value in CODE_ENVIRONMENT.items():
        words += ["--setenv", name, value]
    for folder in LIBRARY_FOLDERS:
        words += ["--ro-bind-try", folder, folder]
    for program in programs:
        if program.libraries:
            words += ["--setenv", "LD_LIBRARY_PATH", program.libraries]
        for source, place in program.mounts or [(program.outside, program.inside)]:
            words += ["--ro-bind", hidden.get(source, source), place]
    words += ["--proc", "/proc"]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    for link, target in LINKS.items():
        words += ["--symlink", target, link]
    words += ["--dir", BOX_FOLDER, "--dir", "/dev/shm"]  # noqa: S108 (inside)
    if given.shown:
        words += ["--dir", SHOWN_FILES_FOLDER]
    return [*words, "--remount-ro", "/"]


def _inner(place: PurePosixPath, given: Descriptors) -> list[str]:
    """Return the options that let the code in and take every right away."""
    return [
        *("--unshare-user", "--disable-userns", "--new-session", "--cap-drop", "ALL"),
        *("--dev-bind", "/", "/", "--remount-ro", "/proc"),
        *_files(given),
        *("--file", str(given.source), str(place)),
        *(*_identity(), "--chdir", str(place.parent), "--seccomp", str(given.filter)),
        *("--json-status-fd", str(given.status)),
    ]


def _files(given: Descriptors) -> list[str]:
    """Return the options that put the other files of the run next to the code.

    Those that can't be changed are on their own mount, to which the working folder has links: so
    the folder stays writable, and the kernel protects the files.
    """
    words: list[str] = []
    for descriptor, path in given.own:
        words += ["--file", str(descriptor), f"{BOX_FOLDER}/{path}"]
    for descriptor, path in given.shown:
        kept = f"{SHOWN_FILES_FOLDER}/{path}"
        words += ["--perms", "0444", "--file", str(descriptor), kept]
        words += ["--symlink", kept, f"{BOX_FOLDER}/{path}"]
    return [*words, "--remount-ro", SHOWN_FILES_FOLDER] if given.shown else words


def limits(language: Language, interpreter: Installed, wall_s: float) -> list[str]:
    """Return the limits (setrlimit(2)) as prlimit(1) takes them.

    They are set inside: processes are counted in the box's own user namespace, so that neither the
    server's threads nor other boxes count towards the 64.
    """
    seconds = math.ceil(wall_s) + 1  # a busy loop hits the clock first, several threads hit this
    return [
        f"--cpu={seconds}:{seconds + 1}",
        f"--data={language.data_limit(interpreter)}",
        f"--as={language.address_limit(interpreter)}",
        f"--stack={8 * MIB}",
        f"--fsize={16 * MIB}",
        "--nofile=64",
        "--nproc=64",
        "--memlock=0",
        "--sigpending=256",
        "--msgqueue=0",
        "--core=0",
    ]


def _identity() -> tuple[str, ...]:
    return ("--uid", str(NOBODY_ID), "--gid", str(NOBODY_ID))
