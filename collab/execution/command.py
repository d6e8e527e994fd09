"""The command line that puts code into its box: bubblewrap twice, then the limits, then the code.

The outer bubblewrap makes the namespaces and the files. Its child, process 1 of the box, is the
inner one, which makes a second user namespace, drops everything, and starts the code under the
filter. One alone would leave before process 1 of the box, and hide what was used. With two
- the outer one ends when process 1 has ended, and then all of the box is gone
  (pid_namespaces(7)), and what it used is counted;
- process 1 is out of the code's reach: it belongs to another user namespace.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .languages import FOLDERS, MIB, Language

LINKS = {
    "/bin": "/usr/bin",
    "/lib": "/usr/lib",
    "/lib64": "/usr/lib64",
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")

BOX = "/box"
BOX_BYTES, SHM_BYTES = 64 * MIB, 8 * MIB
#: Who the code is inside, and outside when the server is root: nobody.
NOBODY = 65534

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin",
    "HOME": BOX,
    "TMPDIR": BOX,
    "LANG": "C.UTF-8",
}

NAMESPACES = ("user", "ipc", "pid", "net", "uts", "cgroup-try")


@dataclass(frozen=True)
class Tools:
    """The paths of the programs that make the box."""

    bwrap: str
    prlimit: str


@dataclass(frozen=True)
class Descriptors:
    """What bubblewrap reads and writes: descriptors that it inherits, and the code does not."""

    source: int
    filter: int
    status: int

    @property
    def all(self) -> tuple[int, ...]:
        """Return them all."""
        return (self.source, self.filter, self.status)


def command(
    tools: Tools, language: Language, interpreter: str, wall_s: float, given: Descriptors
) -> list[str]:
    """Return the command line; `wall_s` is the time that the code may take, in seconds."""
    return [
        *(tools.bwrap, *_outer(), "--"),
        *(tools.bwrap, *_inner(language, given), "--"),
        *(tools.prlimit, *limits(language, wall_s), "--"),
        *(interpreter, *language.options, language.file),
    ]


def _outer() -> list[str]:
    """Return what makes the namespaces and the files."""
    words = [f"--unshare-{name}" for name in NAMESPACES]
    words += ["--as-pid-1", "--die-with-parent", "--hostname", "box", *_identity(), "--clearenv"]
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    for folder in FOLDERS:
        words += ["--ro-bind-try", folder, folder]
    words += ["--proc", "/proc"]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    for link, target in LINKS.items():
        words += ["--symlink", target, link]
    words += ["--size", str(BOX_BYTES), "--tmpfs", BOX, "--size", str(SHM_BYTES)]
    words += ["--tmpfs", "/dev/shm", "--dir", "/tmp"]  # noqa: S108 (inside, where inner bwrap builds)
    return [*words, "--remount-ro", "/"]


def _inner(language: Language, given: Descriptors) -> list[str]:
    """Return what takes the code in and every right away."""
    return [
        *("--unshare-user", "--disable-userns", "--new-session", "--cap-drop", "ALL"),
        *("--dev-bind", "/", "/", "--file", str(given.source), f"{BOX}/{language.file}"),
        *(*_identity(), "--chdir", BOX, "--seccomp", str(given.filter)),
        *("--json-status-fd", str(given.status)),
    ]


def limits(language: Language, wall_s: float) -> list[str]:
    """Return the limits (setrlimit(2)) as prlimit(1) takes them.

    They are set inside: processes are counted in the box's own user namespace, so that neither
    the server's threads nor another box take from the 64.
    """
    seconds = math.ceil(wall_s) + 1  # a busy loop meets the clock first, and several threads this
    return [
        f"--cpu={seconds}:{seconds + 1}",
        f"--data={language.data}",
        f"--as={language.address_space}",
        f"--stack={8 * MIB}",
        f"--fsize={16 * MIB}",
        "--nofile=64",
        "--nproc=64",
        "--memlock=0",
        "--core=0",
    ]


def _identity() -> tuple[str, ...]:
    return ("--uid", str(NOBODY), "--gid", str(NOBODY))
