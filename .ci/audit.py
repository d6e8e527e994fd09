"""Look for dependencies that should not be: outside of their range, known for a fault, or yanked.

    python .ci/audit.py [--offline]

1. Every version in `requirements.lock` is within the range of each requirements file that names it.
2. No version there, or in the locks of npm, is in a range of `.ci/known_faults.txt`.
3. None of what the service itself needs has been yanked (PEP 592): pip, which asks the index, says
   so. Where no index answers, this is said and passed over.

Databases of advisories (OSV, those of GitHub and npm) are not asked: whoever can reach them runs
`pip-audit -r requirements.lock` and `npm audit` besides. Exits with 1 if anything was found.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
FAULTS_FILE = ROOT / ".ci" / "known_faults.txt"
REQUIREMENT_FILES = (
    "requirements.txt",
    "deploy/requirements.txt",
    "deploy/requirements-tracing.txt",
    "tests/requirements.txt",
    ".ci/requirements.txt",
)
NPM_LOCKS = ("tests/package-lock.json", ".ci/package-lock.json")
#: Seconds that the index is waited for.
INDEX_PATIENCE_S = 60
_YANKED = re.compile(r"yanked version: '([\w.-]+)' candidate \(version ([^\s)]+)")

Versions = dict[str, set[str]]


@dataclass(frozen=True)
class Fault:
    """A package that is at fault in a range of versions, by which advisory."""

    ecosystem: str
    name: str
    versions: SpecifierSet
    advisory: str

    def is_in(self, version: str) -> bool:
        """Return whether a version has it; one that can't be read counts as having it."""
        try:
            return Version(version) in self.versions
        except InvalidVersion:
            return True


def faults(text: str) -> list[Fault]:
    """Read lines `ecosystem name range advisory`; raises ValueError for any other line."""
    found = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        ecosystem, name, versions, advisory = line.split()
        if ecosystem not in ("pypi", "npm") or "<" not in versions:
            raise ValueError(f"not a line of known faults: {line}")
        found.append(Fault(ecosystem, name, SpecifierSet(versions), advisory))
    return found


def locked(text: str) -> Versions:
    """Return the versions of a lock of pip."""
    found: Versions = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            one = Requirement(line)
            exact = next(iter(one.specifier)).version
            found.setdefault(canonicalize_name(one.name), set()).add(exact)
    return found


def npm_locked(text: str) -> Versions:
    """Return the versions of a lock of npm: a package may have several."""
    found: Versions = {}
    for path, one in json.loads(text).get("packages", {}).items():
        if path and "version" in one:
            found.setdefault(path.rpartition("node_modules/")[2], set()).add(one["version"])
    return found


def outside_of_ranges(versions: Versions, wanted: Iterable[Requirement]) -> Iterator[str]:
    """Yield what is locked outside of a range, or asked for without an upper bound."""
    for one in wanted:
        if not any(part.operator in ("<", "<=", "==", "~=") for part in one.specifier):
            yield f"{one.name} has no upper bound: {one}"
        for version in sorted(versions.get(canonicalize_name(one.name), ())):
            if not one.specifier.contains(version, prereleases=True):
                yield f"{one.name} {version} is locked, and {one} is asked for"


def at_fault(versions: Versions, ecosystem: str, known: Iterable[Fault]) -> Iterator[str]:
    """Yield what is locked in a version that is known for a fault."""
    for fault in known:
        for version in sorted(versions.get(fault.name, ())):
            if fault.ecosystem == ecosystem and fault.is_in(version):
                told = f"has {fault.advisory}, as {fault.versions} does"
                yield f"{fault.name} {version} ({ecosystem}) {told}"


def yanked(said: str) -> Iterator[str]:
    """Yield what pip says has been yanked."""
    for name, version in sorted(set(_YANKED.findall(said))):
        yield f"{name} {version} has been yanked from the index"


def requirements(names: Iterable[str] = REQUIREMENT_FILES) -> list[Requirement]:
    """Return what the requirements files ask for."""
    lines = [line for name in names for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line.strip() and line[0] not in "#-"]


def ask_index(versions: Versions) -> str | None:
    """Return what pip says about the service's own packages; None: no index answered."""
    own = {canonicalize_name(one.name) for one in requirements(["requirements.txt"])}
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line]
    asked = [line for line in lines if canonicalize_name(re.split(r"[=;]", line)[0]) in own]
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed"]
    try:
        done = subprocess.run(
            [*pip, "--quiet", "--retries", "0", *asked],
            capture_output=True,
            text=True,
            timeout=INDEX_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode else done.stderr


def audit(ask: Callable[[Versions], str | None]) -> tuple[list[str], bool]:
    """Return what was found, and whether the index was asked."""
    versions = locked((ROOT / "requirements.lock").read_text())
    known = faults(FAULTS_FILE.read_text())
    found = [*outside_of_ranges(versions, requirements()), *at_fault(versions, "pypi", known)]
    for name in NPM_LOCKS:
        found += at_fault(npm_locked((ROOT / name).read_text()), "npm", known)
    said = ask(versions)
    return [*found, *yanked(said or "")], said is not None


def main(arguments: list[str]) -> int:
    """Look, say what was found, and return how to exit."""
    found, asked = audit((lambda _: None) if "--offline" in arguments else ask_index)
    for one in found:
        print(one)
    about = "ranges, known faults" + (", yanked versions" if asked else "")
    print(f"looked at {about}: {len(found)} found")
    if not asked:
        print("the index did not answer: nothing is known of yanked versions")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
