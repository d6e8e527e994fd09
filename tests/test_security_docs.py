"""The pages on security name the test that proves each of their rows: here each is looked up."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from collab.config import ROOT

from .support.each import each

PAGE = (ROOT / "docs" / "security.md").read_text()
ASVS = (ROOT / "docs" / "asvs.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", PAGE + ASVS)))

#: Of ASVS 5.0.0, for each section: how many requirements of levels 1 and 2 it begins with.
REQUIREMENTS = """
1.1=2 1.2=9 1.3=11 1.4=3 1.5=2 2.1=3 2.2=3 2.3=4 2.4=1 3.2=2 3.3=4 3.4=6 3.5=5 3.7=2
4.1=3 4.2=1 4.3=2 4.4=4 5.1=1 5.2=3 5.3=2 5.4=3 6.1=3 6.2=12 6.3=4 6.4=4 6.5=5 6.6=3 6.8=4
7.1=3 7.2=4 7.3=2 7.4=5 7.5=2 7.6=2 8.1=2 8.2=3 8.3=1 8.4=1 9.1=3 9.2=4
10.1=2 10.2=2 10.3=4 10.4=11 10.5=5 10.6=2 10.7=3 11.1=2 11.2=3 11.3=3 11.4=4 11.5=1 11.6=1
12.1=3 12.2=2 12.3=4 13.1=1 13.2=5 13.3=2 13.4=5 14.1=2 14.2=4 14.3=3
15.1=3 15.2=3 15.3=7 16.1=1 16.2=5 16.3=4 16.4=3 16.5=3 17.1=1 17.2=4 17.3=2
"""
STATES = {"met", "*partly*", "**not met**", "n/a"}


def names_in(file: Path) -> set[str]:
    """Return the names of a file's tests; those of a class have its name before them, too."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in inner:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(one.name)
                if isinstance(node, ast.ClassDef):
                    found.add(f"{node.name}::{one.name}")
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


@each(sorted({file for file, _ in NAMED}))
def test_every_test_that_it_names_exists(file: str) -> None:
    wanted = {name for one, name in NAMED if one == file}
    assert (ROOT / file).is_file()
    assert wanted - names_in(ROOT / file) == set()


def test_no_row_is_without_a_proof_or_a_word_why() -> None:
    rows = [line for line in PAGE.split("## OWASP")[1].splitlines() if line.startswith("| ")]
    claims = [row for row in rows if not row.startswith(("| what |", "| ---", "| | what it is"))]
    assert len(claims) > 50
    excused = ("*not yet*", "There are none")
    lacking = [
        row
        for row in claims
        if "::test_" not in row and not any(word in row.lower() or word in row for word in excused)
    ]
    assert lacking == []


@each(range(1, 11))
def test_every_row_of_the_api_list_is_there(number: int) -> None:
    assert f"\n| API{number} |" in PAGE


@each(range(1, 17))
def test_every_chapter_that_applies_is_there(chapter: int) -> None:
    assert f"\n### V{chapter} " in PAGE


def asvs_rows() -> list[list[str]]:
    """Return the rows on requirements: their ids, level, state, how, proof."""
    rows = re.findall(r"^\| (\d+\.\d+\.\d+.*) \|$", ASVS, re.M)
    return [row.split(" | ") for row in rows]


def test_every_requirement_of_levels_1_and_2_has_one_row() -> None:
    sections = [one.split("=") for one in REQUIREMENTS.split()]
    wanted = [f"{name}.{number + 1}" for name, count in sections for number in range(int(count))]
    assert len(wanted) == 253
    told = [one for row in asvs_rows() for one in row[0].split(", ")]
    assert sorted(told) == sorted(wanted)


def test_what_is_met_has_a_test_and_what_is_not_has_a_reason() -> None:
    for ids, level, state, how, proof in asvs_rows():
        assert level in ("1", "2"), ids
        assert state in STATES, ids
        assert len(how) > 3, ids
        assert state != "met" or "::test_" in proof, ids


def test_the_counts_of_the_page_are_those_of_its_rows() -> None:
    counted = Counter(row[2].strip("*") for row in asvs_rows() for _ in row[0].split(", "))
    found = re.search(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", ASVS, re.M)
    assert found is not None
    states = ("met", "partly", "not met", "n/a")
    assert [int(one) for one in found.groups()] == [counted[one] for one in states]


def test_times_for_mending_are_said() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    section = page.partition("## When a dependency has a fault")[2]
    assert len(re.findall(r"\*\*\d+ (?:days|months)\*\*", section)) == 4
