"""What CI looks for in dependencies is found where it is, and is not in what is locked."""

from __future__ import annotations

import json
import runpy
from typing import Any

import pytest
from packaging.requirements import Requirement

from collab.config import ROOT

AUDIT: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "audit.py"), run_name="audit")
LOCK = "# made\nflask==3.1.3\npillow==9.0.0; sys_platform == 'linux'\n"
NPM = json.dumps(
    {
        "packages": {
            "": {"version": "1.0.0"},
            "node_modules/ws": {"version": "8.18.0"},
            "node_modules/a/node_modules/ws": {"version": "7.0.0"},
        }
    }
)
KNOWN = "# by hand\npypi pillow <11.3.0 CVE-2025-48379\nnpm ws >=7,<7.5.10 CVE-2024-37890\n"
SAID = (
    "WARNING: The candidate selected for download or install is a yanked version: 'flask' candidate"
    " (version 3.1.3 at https://pypi.org/simple/flask/)\nReason for being yanked: it fails\n"
)


def test_nothing_is_found_in_what_is_locked() -> None:
    found, asked = AUDIT["audit"](lambda _: None)
    assert (found, asked) == ([], False)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("flask>=3,<4", []),
        ("flask>=3,<3.1", ["flask 3.1.3 is locked, and flask<3.1,>=3 is asked for"]),
        ("flask>=3", ["flask has no upper bound: flask>=3"]),
        ("Pillow>=9,<12", []),
    ],
)
def test_what_is_outside_of_its_range_is_found(asked: str, found: list[str]) -> None:
    versions = AUDIT["locked"](LOCK)
    assert list(AUDIT["outside_of_ranges"](versions, [Requirement(asked)])) == found


def test_what_is_known_for_a_fault_is_found_wherever_it_is_locked() -> None:
    known = AUDIT["faults"](KNOWN)
    (pillow,) = AUDIT["at_fault"](AUDIT["locked"](LOCK), "pypi", known)
    assert pillow == "pillow 9.0.0 (pypi) has CVE-2025-48379, as <11.3.0 does"
    (ws,) = AUDIT["at_fault"](AUDIT["npm_locked"](NPM), "npm", known)
    assert ws == "ws 7.0.0 (npm) has CVE-2024-37890, as <7.5.10,>=7 does"


def test_what_pip_calls_yanked_is_found() -> None:
    assert list(AUDIT["yanked"](SAID)) == ["flask 3.1.3 has been yanked from the index"]
    assert list(AUDIT["yanked"]("WARNING: something else\n")) == []


def test_a_line_that_says_nothing_stops_it() -> None:
    with pytest.raises(ValueError, match="not a line"):
        AUDIT["faults"]("pypi pillow >11.3.0 CVE-2025-48379\n")
