"""Does what a Dockerfile says, without Docker: COPY and RUN in a folder for each stage.

The root of a stage is that folder, over it the programs and libraries of this machine, which stand
for the base image: /usr, /etc, and this Python in /usr/local. Nothing else of the machine is there,
so what the image would lack is lacking here. What is not known (an instruction, an option, another
base) raises Unknown, for it would be left out in silence. Wants root, as a build does.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: Folders of the machine that stand for those of the base image.
MACHINE_FOLDERS = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64")
#: The second: a Python may look for its library only where it was built for.
BASE_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LD_LIBRARY_PATH": "/usr/local/lib",
}
BASE = re.compile(r"python:(\d+\.\d+)-slim(?:-\w+)?")
CACHE = re.compile(r"--mount=type=cache,target=(\S+)\s+")


class Unknown(Exception):
    """The Dockerfile has something that is not done here."""


@dataclass
class Stage:
    """A stage: its root folder, and what the instructions so far have set."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(BASE_ENVIRONMENT))
    folder: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """Return where a path of the image is on this machine."""
        return self.root / os.path.normpath(Path("/", self.folder, path)).lstrip("/")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction with its arguments; lines that are continued are one."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in kept.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, arguments = line.strip().partition(" ")
            yield name.upper(), arguments.strip()


class Ignored:
    """What `.dockerignore` keeps out of the build's context; its last line that fits decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._rules = [
            (line.startswith("!"), _pattern(line.lstrip("!")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def __call__(self, path: Path) -> bool:
        """Return whether a path (relative to the context) is kept out."""
        # A rule for a folder holds for what is in it.
        names = ["/".join(path.parts[: end + 1]) for end in range(len(path.parts))]
        kept_out = False
        for taken_back, pattern in self._rules:
            if any(pattern.fullmatch(name) for name in names):
                kept_out = not taken_back
        return kept_out


def _pattern(line: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    words = re.split(r"(\*\*/|\*\*|\*|\?)", line.strip("/"))
    return re.compile("".join(parts.get(word, re.escape(word)) for word in words))


class Build:
    """A build: the context that it copies from, and its stages by name."""

    def __init__(self, context: Path, work: Path, cache: Path) -> None:
        self._context, self._work, self._cache = context, work, cache
        self._ignored = Ignored((context / ".dockerignore").read_text())
        self._stages: dict[str, Stage] = {}
        self.last: Stage

    def run(self, text: str) -> Stage:
        """Do all instructions, and return the last stage."""
        for name, arguments in instructions(text):
            step = getattr(self, f"_do_{name.lower()}", None)
            if step is None:
                raise Unknown(f"{name} {arguments}")
            print(f"  {name} {' '.join(arguments.split())[:110]}", flush=True)
            step(arguments)
        return self.last

    def _do_from(self, arguments: str) -> None:
        base, *named = arguments.split()
        found = BASE.fullmatch(base)
        if found is None:
            raise Unknown(f"FROM {base}")
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        if found[1] != own:
            raise Unknown(f"FROM {base}: this is Python {own}. Run it with PYTHON=python{found[1]}")
        self.last = Stage(self._work / f"stage-{len(self._stages)}")
        self.last.root.mkdir()
        self._stages[named[1] if named else "the last"] = self.last

    def _do_env(self, arguments: str) -> None:
        for word in shlex.split(arguments):
            name, _, value = word.partition("=")
            self.last.environment[name] = string.Template(value).substitute(self.last.environment)

    def _do_workdir(self, arguments: str) -> None:
        self.last.folder = arguments
        self.last.inside("").mkdir(parents=True, exist_ok=True)

    def _do_user(self, arguments: str) -> None:
        self.last.user = arguments

    def _do_cmd(self, arguments: str) -> None:
        self.last.command = json.loads(arguments)

    def _do_healthcheck(self, arguments: str) -> None:
        self.last.health = json.loads(arguments.partition(" CMD ")[2])

    def _do_expose(self, arguments: str) -> None:
        """Note nothing: it tells people, and opens no port."""

    def _do_copy(self, arguments: str) -> None:
        *sources, target = arguments.split()
        other = None
        if sources[0].startswith("--from="):
            other = self._stages[sources.pop(0).removeprefix("--from=")]
        if any(source.startswith("--") for source in sources):
            raise Unknown(f"COPY {arguments}")
        place = self.last.inside(target)
        for source in sources:
            origin = other.inside(source) if other else self._context / source
            to = place / origin.name if target.endswith("/") or len(sources) > 1 else place
            self._copy(origin, to, of_context=other is None)

    def _copy(self, origin: Path, to: Path, *, of_context: bool) -> None:
        def left_out(folder: str, names: list[str]) -> list[str]:
            places = {name: Path(folder, name).relative_to(self._context) for name in names}
            return [name for name, place in places.items() if self._ignored(place)]

        if of_context and self._ignored(origin.relative_to(self._context)):
            raise Unknown(f"COPY of {origin.name}, which .dockerignore keeps out")
        to.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            ignore = left_out if of_context else None
            shutil.copytree(origin, to, symlinks=True, ignore=ignore, dirs_exist_ok=True)
        else:
            shutil.copy2(origin, to)

    def _do_run(self, arguments: str) -> None:
        binds: list[str] = []
        while found := CACHE.match(arguments):
            arguments = arguments[found.end() :]
            binds += ["--bind", str(self._cache), found[1]]
        if arguments.startswith("--"):
            raise Unknown(f"RUN {arguments}")
        words = [*box(self.last, "--bind"), *binds, "--", "/bin/sh", "-ec", arguments]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def box(stage: Stage, how: str) -> list[str]:
    """Return the words that run a command in a stage whose root is bound writable or not."""
    words = [
        "bwrap",
        "--die-with-parent",
        "--clearenv",
        "--cap-add",
        "ALL",
        how,
        str(stage.root),
        "/",
    ]
    for folder in filter(os.path.exists, MACHINE_FOLDERS):
        words += ["--ro-bind", folder, folder]
    names = Path("/etc/resolv.conf").resolve()  # a link to /run, in many places
    words += ["--ro-bind-try", str(names), str(names)]
    if Path(sys.base_prefix) != Path("/usr"):
        words += ["--ro-bind", sys.base_prefix, "/usr/local"]
    words += ["--bind", "/proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    for name, value in stage.environment.items():
        words += ["--setenv", name, value]
    return [*words, "--chdir", stage.folder]


def bytes_of(folder: Path) -> int:
    """Return what the files of a folder take."""
    return sum(
        path.lstat().st_size for path in folder.rglob("*") if path.is_file() or path.is_symlink()
    )
