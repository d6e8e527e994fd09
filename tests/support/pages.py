"""The pages of the documentation: their links, and their shell blocks with the answers shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from collab.config import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: A fence, with the comment before it that says why a block can't be run here.
FENCE = re.compile(
    r"(?:^<!-- not run: (?P<why>.+?) -->\n\n?)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


def name_of(page: Path) -> str:
    """Return a page's path, for the name of a test."""
    return str(page.relative_to(ROOT))


@dataclass(frozen=True)
class Block:
    """A shell block; `answer` is what the page shows directly after it."""

    text: str
    answer: str | None
    not_run: str | None


def shell_blocks(page: Path) -> list[Block]:
    """Return a page's shell blocks in order."""
    text = page.read_text()
    fences = list(FENCE.finditer(text))
    blocks = []
    for fence, following in zip_longest(fences, fences[1:]):
        if fence["kind"] != "bash":
            continue
        shown = following and following["kind"] in ("json", "text")
        directly = shown and not text[fence.end() : following.start()].strip()
        answer = following["text"] if directly else None
        blocks.append(Block(fence["text"], answer, fence["why"]))
    return blocks


def shows(answer: str, output: str) -> bool:
    """Return whether an output is what a page shows: `...` is anything, spaces are nothing.

    `[...]` is a list that has something in it: an empty one would show nothing.
    """
    parts = [re.escape("".join(part.split())) for part in answer.split("...")]
    pattern = ".*".join(parts).replace(r"\[.*\]", r"\[[^]].*\]")
    return re.search(pattern, "".join(output.split())) is not None


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}
