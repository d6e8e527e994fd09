"""The page on security names the test that proves each of its rows: here each is looked up."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from collab.config import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", PAGE)))


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


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
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


@pytest.mark.parametrize("number", range(1, 11))
def test_every_row_of_the_api_list_is_there(number: int) -> None:
    assert f"\n| API{number} |" in PAGE


@pytest.mark.parametrize("chapter", range(1, 17))
def test_every_chapter_that_applies_is_there(chapter: int) -> None:
    assert f"\n### V{chapter} " in PAGE
