"""The documentation is true: links lead somewhere, and shell blocks do what their page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.config import ROOT, SETTINGS

from .support import pages
from .support.pages import PAGES, Block
from .support.servers import ForkedServer

#: As they are for a reader, not as they are for tests.
LIMITS = {one.name: one.default for one in SETTINGS if one.name.endswith("RATE_LIMIT")}
#: Blocks that a test can't run: what installs, and what never ends. One more wants a reason.
NOT_RUN = 4
LONGEST_LINE = 120
README_LINES = 200


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkedServer]:
    """Return a fresh server: nothing in its instance folder, and a reader's rate limits."""
    with ForkedServer(tmp_path / "instance", **LIMITS) as running:
        yield running


def script(blocks: list[Block], work: Path, url: str) -> str:
    """Write one script of a page's blocks; each writes to a file of its own what it prints."""
    lines = ["set -eu"]
    for number, block in enumerate(blocks):
        text = block.text.replace("http://127.0.0.1:5000", url).replace("/tmp/", f"{work}/")
        text = text.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        lines += [f"exec >{work}/{number}.out 2>&1", text]
    return "\n".join(lines)


@pytest.mark.parametrize("page", [one for one in PAGES if pages.shell_blocks(one)], ids=name_of)
def test_every_shell_block_does_what_its_page_says(page, server, tmp_path):
    blocks = [block for block in pages.shell_blocks(page) if not block.not_run]
    work = tmp_path / "work"
    work.mkdir()
    environ = os.environ | {"COLLAB_URL": server.url, "INSTANCE_PATH": str(tmp_path / "instance")}
    done = subprocess.run(
        ["sh", "-c", script(blocks, work, server.url)], cwd=ROOT, env=environ, timeout=60
    )
    printed = [
        out.read_text() if (out := work / f"{number}.out").exists() else None
        for number in range(len(blocks))
    ]
    last = max((number for number, text in enumerate(printed) if text is not None), default=0)
    assert done.returncode == 0, f"{blocks[last].text}\n{printed[last]}"
    for block, output in zip(blocks, printed, strict=True):
        if block.answer is not None:
            assert pages.shows(block.answer, output), f"{block.text}\nprinted\n{output}"


def test_the_blocks_that_are_not_run_are_counted():
    left_out = [block for page in PAGES for block in pages.shell_blocks(page) if block.not_run]
    assert len(left_out) == NOT_RUN


@each_page
def test_a_failing_request_fails_its_block(page):
    """Unless the page shows the problem that it gets, or follows a stream."""
    for block in pages.shell_blocks(page):
        expects_problem = block.answer and re.search(r'"status": ?[45]|HTTP/1.1 [45]', block.answer)
        for call in re.findall(r"curl (.*)", block.text):
            assert call.startswith("-sS"), call
            assert "--fail-with-body" in call or "-sSN" in call or expects_problem, call


@each_page
def test_a_block_can_be_pasted_into_any_shell(page):
    """In an interactive zsh a comment is a command, and a question mark a pattern."""
    for block in pages.shell_blocks(page):
        for line in block.text.splitlines():
            assert not re.match(r"\s*#|.*\s# ", line), line
            assert not re.search(r"(?<![\"'])\$api\S*[?*]", line), line


@each_page
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", pages.prose(page)):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in pages.anchors(path), f"{target}#{anchor}"


@each_page
def test_every_page_is_reached_from_the_readme(page):
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        one = waiting.pop()
        if one in seen or one.suffix != ".md":
            continue
        seen.add(one)
        targets = re.findall(r"\]\(([\w./-]+)", pages.prose(one))
        waiting += [(one.parent / target).resolve() for target in targets]
    assert page in seen


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < README_LINES


@each_page
def test_lines_have_at_most_120_characters(page):
    """A row of a table can't be broken, nor can a link; all else can."""
    for line in page.read_text().splitlines():
        assert len(line) <= LONGEST_LINE or line.startswith(("|", "- [")), line
