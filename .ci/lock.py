"""Write requirements.lock: exact versions of what the requirements files ask for.

Follows `requirements.txt`, and those of `deploy`, `tests` and `.ci`, to the packages that they need
in turn, as they are installed beside this interpreter (no index is asked). A marker (PEP 508) stays
where it bars a package from some platforms.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ASKED = (
    "requirements.txt",
    "deploy/requirements.txt",
    "tests/requirements.txt",
    ".ci/requirements.txt",
)
HEAD = (
    "# What the tests passed with; `make lock` renews it. Bounds are in the requirements files.\n"
)


def asked() -> list[Requirement]:
    """Return the requirements of all files."""
    lines = [line for name in ASKED for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def needed(wanted: Requirement) -> list[Requirement]:
    """Return what an installed package needs, with the extras that were asked for."""
    extras = wanted.extras or {""}
    every = map(Requirement, metadata.requires(wanted.name) or ())
    return [
        one
        for one in every
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def locked() -> dict[str, str]:
    """Return each package's line, by its normalised name (PEP 503)."""
    found: dict[str, str] = {}
    followed: set[tuple[str, frozenset[str]]] = set()
    pending = [(one, platform(one)) for one in asked()]
    while pending:
        one, marker = pending.pop()
        name = canonicalize_name(one.name)
        line = f"{name}=={metadata.version(one.name)}{f'; {marker}' if marker else ''}"
        # Needed everywhere wins over needed on some platforms.
        wins = name not in found or (";" in found[name] and not marker)
        if wins:
            found[name] = line
        # What another has asked for with other extras needs more.
        asked_for = name, frozenset(one.extras)
        if wins or asked_for not in followed:
            followed.add(asked_for)
            pending += [(two, platform(two) or marker) for two in needed(one)]
    return found


def platform(one: Requirement) -> str:
    """Return the part of a requirement's marker that is about platforms, or an empty text."""
    marker = str(one.marker or "")
    words = set(re.findall(r"[a-z_]+(?= [!=]=)", marker))
    return marker if words and words <= {"sys_platform", "platform_machine"} else ""


if __name__ == "__main__":
    lines = locked()
    (ROOT / "requirements.lock").write_text(
        HEAD + "".join(f"{lines[one]}\n" for one in sorted(lines))
    )
