"""The page's modules: none too long to read, and none that imports what stands on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.config import ROOT

STATIC = ROOT / "collab" / "web" / "static"
MODULES = sorted(STATIC.rglob("*.js"))
#: Folders import lower ranks only; what is beside them is the roof.
RANKS = {"core": 0, "ui": 1, "editor": 2, "board": 2, "rooms": 2, "admin": 3, "views": 4}
ROOF = 5
MAX_LINES = 300
#: Imports, those at their first use and those of types alone included.
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']""")


def room(path: Path) -> str:
    return str(path.relative_to(STATIC))


def folder(path: Path) -> str:
    return room(path).split("/")[0]


def imported(path: Path, source: str) -> Iterator[Path]:
    for name in IMPORT.findall(source):
        yield (path.parent / name).resolve()


def wrong_imports(path: Path, source: str) -> list[str]:
    """Return what a module imports of a higher rank, or of another folder of its own."""
    mine, rank = folder(path), RANKS.get(folder(path), ROOF)
    names = {one: folder(one) for one in imported(path, source)}
    return [
        room(one)
        for one, name in names.items()
        if name != mine and RANKS.get(name, ROOF) >= rank < ROOF
    ]


def test_a_module_stays_under_300_lines():
    lines = {room(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
    assert len(lines) > 100


def test_a_module_imports_what_it_stands_on():
    wrong = {room(path): wrong_imports(path, path.read_text()) for path in MODULES}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "planted",
    [
        'import { Keep } from "../editor/keep.js";',
        'const { Keep } = await import("../editor/keep.js");',
        '/** @typedef {import("../editor/keep.js").Keep} Keep */',
    ],
)
def test_a_planted_import_is_found(planted):
    assert wrong_imports(STATIC / "core" / "session.js", planted) == ["editor/keep.js"]
