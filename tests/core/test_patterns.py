"""Every regular expression of the project takes linear time, whatever it is given.

They are found in the sources, so that a new one is looked at too; recheck (npm) then looks for a
text for which matching grows faster than the text does. That takes up to seconds, and ends alike
each time: what it has found safe is kept, by a digest, and only what is not there is asked.

`WRITE_SAFE=1 python -m pytest -n 0 tests/core/test_patterns.py` asks of all, and keeps that.
"""

from __future__ import annotations

import ast
import gc
import hashlib
import importlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, strategies

from collab.config import ROOT
from collab.core.logging.redacting import redact
from collab.core.schemas import EMAIL_PATTERN, LINE_PATTERN, Pattern

from ..support.npm import PACKAGES, needs_node
from ..support.sources import parsed_text

#: Digests of the patterns that are known to be safe, a line each.
SAFE = ROOT / "tests" / "core" / "safe_patterns.txt"

needs_recheck = needs_node("recheck")

#: Functions of `re` that are no regular expression, or are compiled where they can be found.
HARMLESS = {"compile", "escape", "Pattern", "Match", "ASCII", "DOTALL", "IGNORECASE", "M"}
#: Those that have all letters that Python knows, which another version of it has more of.
OF_PYTHON = {
    "collab.core.words.asked._ENDS_IN_WORD",
    "collab.core.words.calling._JOINING",
    "collab.core.words.folding._ODD",
    "collab.core.words.splitting._WORD",
    "collab.functions.handlers.word_count.WORD_PATTERN",
}
#: Where patterns are compiled that others hand over: they are looked at as they were made.
MAKERS = {"collab.core.schemas": "Pattern"}


@cache
def texts() -> dict[str, str]:
    """Return the source of each module."""
    paths = sorted((ROOT / "collab").rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return {
        name.removesuffix(".__init__"): path.read_text()
        for name, path in zip(names, paths, strict=True)
    }


@cache
def sources() -> list[tuple[str, ast.Module]]:
    """Return the modules that may have a pattern: a few, and to parse them all takes a second."""
    return [
        (name, parsed_text(text))
        for name, text in texts().items()
        if re.search(r"\bre\b|Regexp", text)
    ]


def uses_of(tree: ast.AST) -> Iterator[str]:
    """Yield what is taken of the module `re`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "re":
            yield node.attr
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            yield "an import from re"


def words_of(node: ast.AST) -> set[str]:
    """Return what a node calls something by."""
    return {getattr(node, field, "") for field in ("attr", "id", "name")}


def compiled_in(tree: ast.Module) -> list[str]:
    """Return the constants of a module that are compiled patterns."""
    values = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return [
        ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        for node in values
        if node.value is not None and "compile" in uses_of(node.value)
    ]


@cache
def ways() -> dict[str, set[str]]:
    """Return how each name in capitals is matched anywhere: `fullmatch`, `sub` and so on."""
    found: dict[str, set[str]] = {}
    for text in texts().values():
        for name, how in re.findall(r"(?<![\w.])(\w+)\s*\.\s*([a-z]\w*)", text):
            found.setdefault(name, set()).add(how)
    return found


def anchored(pattern: re.Pattern[Any], how: set[str]) -> str:
    """Return a pattern's source as a search would need it to do what is done with it."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    source = source.removeprefix("(?i)")
    if how and how <= {"fullmatch"}:
        return f"^(?:{source})$"
    return f"^(?:{source})" if how and how <= {"fullmatch", "match"} else source


@cache
def patterns() -> dict[str, tuple[str, int]]:
    """Return the source and flags of each pattern, by where it is."""
    found: dict[str, tuple[str, int]] = {}
    for module, tree in sources():
        for name in compiled_in(tree):
            pattern = getattr(importlib.import_module(module), name)
            found[f"{module}.{name}"] = anchored(pattern, ways().get(name, set())), pattern.flags
    gc.unfreeze()  # what was there before the first test is on no list of the collector's
    fields = {one.regex for one in gc.get_objects() if type(one) is Pattern}
    gc.freeze()
    found |= {
        f"a field of {one.pattern[:60]}": (f"^(?:{one.pattern})$", one.flags) for one in fields
    }
    return found


def in_javascript(source: str, flags: int) -> dict[str, str]:
    """Write a pattern for recheck, which reads those of ECMAScript."""
    astral = any(ord(character) > 0xFFFF for character in source)
    letters = "".join(
        letter
        for letter, there in {"i": flags & re.I, "s": flags & re.S, "u": astral}.items()
        if there
    )
    return {"source": source.replace('\\"', '"'), "flags": letters}


def checked(written: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what recheck says of patterns."""
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "core" / "recheck.mjs")],
        input=json.dumps(written),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@cache
def checker() -> list[str]:
    """Return what tells whether recheck would still say the same."""
    asker = (ROOT / "tests" / "core" / "recheck.mjs").read_text()
    return [json.loads((PACKAGES / "recheck" / "package.json").read_text())["version"], asker]


def digest(written: dict[str, str]) -> str:
    """Return what a pattern is known by: another version of recheck knows none."""
    return hashlib.sha256(json.dumps([*checker(), written]).encode()).hexdigest()


@needs_recheck
def test_every_pattern_takes_linear_time(app: Flask) -> None:
    # Many names have the same pattern: each is looked at once.
    names: dict[str, list[str]] = {}
    for name, one in patterns().items():
        names.setdefault(json.dumps(in_javascript(*one)), []).append(name)
    safe = set() if os.environ.get("WRITE_SAFE") else set(SAFE.read_text().split())
    asked = [json.loads(one) for one in names if digest(json.loads(one)) not in safe]
    found = zip(asked, checked(asked) if asked else [], strict=True)
    assert [(names[json.dumps(one)], say) for one, say in found if say["status"] != "safe"] == []
    if os.environ.get("WRITE_SAFE"):
        SAFE.write_text("".join(f"{line}\n" for line in sorted(map(digest, asked))))


@needs_recheck
def test_each_constant_is_known_to_be_safe_so_that_no_run_asks_again() -> None:
    known = set(SAFE.read_text().split())
    asked = [name for name, one in patterns().items() if digest(in_javascript(*one)) not in known]
    assert set(asked) <= OF_PYTHON, "a new pattern: keep it with WRITE_SAFE=1 (see above)"


def test_every_pattern_is_a_constant_that_the_checker_finds() -> None:
    hidden: dict[str, list[str]] = {}
    for module, tree in sources():
        parts = [one for one in tree.body if getattr(one, "name", "") != MAKERS.get(module)]
        uses = [use for one in parts for use in uses_of(one)]
        wrong = sorted({use for use in uses if use not in HARMLESS})
        if uses.count("compile") != len(compiled_in(tree)):
            wrong.append("compile that is no constant of the module")
        if any(
            "Regexp" in (getattr(one, "attr", ""), getattr(one, "name", ""))
            for one in ast.walk(tree)
        ):
            wrong.append("marshmallow's Regexp")
        hidden |= {module: wrong} if wrong else {}
    assert hidden == {}


@needs_recheck
def test_the_checker_knows_a_bad_one() -> None:
    """Or what it lets pass would prove nothing: this one was in the log's formatter."""
    bad = {"source": r"eyJ[\w-]+\.[\w-]*\.[\w.-]+", "flags": ""}
    assert [one["status"] for one in checked([bad])] == ["vulnerable"]


#: What made the log's lines slow, and its relatives.
LONG = ["/" + "token" * 1600, "eyJ" * 2700, "eyJa." * 1600, "token=\"token='" * 600]
LONG += ["token" + " " * 8000, "token=bearer " * 700, "token=bearer" + " " * 8000, "-" * 8000]


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:12])
def test_redaction_of_a_long_message_takes_no_time_to_speak_of(text: str) -> None:
    start = time.thread_time()
    redact(text)
    assert time.thread_time() - start < 0.15  # 0.24 s for the first, before; 0.001 s now


#: Characters that matter to the patterns of addresses and lines, and one of each other kind.
TRICKY = strategies.text(alphabet="a@.. (\t\n\x00\x85\u00a0\u2028é", max_size=12)
PART = r'[^@\s\u0000-\u001f\u007f-\u009f"(),:;<>\[\\\]]+'
VISIBLE = r"[^\u0000-\u001f\u007f-\u009f\u2028]*"


@given(TRICKY)
def test_linear_patterns_take_what_the_plain_ones_take(text: str) -> None:
    email = rf"^{PART}@{PART}\.{PART}$"
    line = rf"^{VISIBLE}[^\s\u0000-\u001f\u007f-\u009f]{VISIBLE}$"
    for linear, plain in ((EMAIL_PATTERN, email), (LINE_PATTERN, line)):
        found = [re.fullmatch(one[1:-1], text) is None for one in (linear, plain)]
        assert found[0] == found[1]
