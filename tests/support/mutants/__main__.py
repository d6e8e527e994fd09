"""`make mutations`: survivors of some modules, and a table for docs/mutations.md.

    python -m tests.support.mutants collab/projects/access.py --tests tests/projects

What survives and is not explained in docs/mutations.md makes it end with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.config import ROOT

from .running import KILLED, PROFILE, SURVIVED, TIMEOUT, UNREACHED, UNSWAPPED, Runner

PAGE = ROOT / "docs" / "mutations.md"
#: What is looked at, and the tests that look at it, when nothing is asked for.
MODULES = ("collab/projects/access.py", "collab/events", "collab/auth")
TESTS = ("tests/projects", "tests/events", "tests/auth", "tests/test_role_matrix.py")


def main() -> int:
    """Run what is asked for; returns how to exit."""
    parser = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES, help="files and folders of collab/")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the tests to look with")
    parser.add_argument("--only", default="", help="a part of the names of functions")
    parser.add_argument(
        "--budget", type=float, default=60, help="seconds of the processor for a mutant"
    )
    parser.add_argument("--listed", type=Path, help="a file: only mutants that it names")
    asked = parser.parse_args()
    listed = asked.listed.read_text(errors="replace") if asked.listed else ""
    runner = Runner([*_files(asked.modules)], asked.only, listed, asked.budget)
    options = ["-n", "0", "-s", "-p", "no:cacheprovider", f"--hypothesis-profile={PROFILE}"]
    ended = pytest.main([*options, *asked.tests], plugins=[runner])
    if not runner.results:
        return int(ended) or 1
    return _report(runner)


def _files(names: list[str]) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _report(runner: Runner) -> int:
    explained = PAGE.read_text() if PAGE.exists() else ""
    new = 0
    print("\n\n| module | mutants | killed | timeouts | survived |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for module, found in runner.results.items():
        left = found[SURVIVED] + found[UNREACHED] + found[UNSWAPPED]
        total = sum(map(len, found.values()))
        if total:
            counts = (total, len(found[KILLED]), len(found[TIMEOUT]), len(left))
            print(f"| `{module}` | {' | '.join(map(str, counts))} |")
    print()
    for module, found in runner.results.items():
        for status in (SURVIVED, UNREACHED, UNSWAPPED, TIMEOUT):
            for one in found[status]:
                known = one.is_in(explained)
                new += not known and status != TIMEOUT
                mark = "known" if known else "NEW"
                short = ", not by all tests" if one in runner.shortened else ""
                print(f"{mark} {module}:{one.line} {status}{short}: {one.name}")
    if runner.broken:
        print("These tests failed as they are, and were left out:", *runner.broken, sep="\n  ")
    return int(bool(new))


if __name__ == "__main__":
    sys.exit(main())
