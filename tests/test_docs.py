"""Every shell block of the documentation does what its page says, on a real server."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.config import ROOT, SETTINGS

from .support import pages
from .support.pages import PAGES, Block, name_of
from .support.servers import ForkedServer, run_forked
from .support.waiting import PATIENCE_FOR_MANY

#: As they are for a reader, not as they are for tests, but for how long a password takes.
LIMITS = {one.name: one.default for one in SETTINGS if one.name.endswith("RATE_LIMIT")}
GIVEN = LIMITS | {"PASSWORD_HASH_MB": "1"}
#: Pages that show what is there when nobody has been there before, or change it for everybody.
FRESH = {
    "README.md",
    "docs/conventions.md",
    "docs/operations.md",
    "docs/review.md",
    "docs/settings.md",
    "docs/signing-in.md",
}
#: Blocks that a test can't run: what installs, what never ends, and what takes an hour (mutations).
#: One more wants a reason.
NOT_RUN = 15


@pytest.fixture(scope="module")
def begun(template_of_nobody: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an instance folder with a database without rows, as the first start leaves it.

    To make the tables takes as long as all the rest of a start.
    """
    folder = tmp_path_factory.mktemp("begun") / "instance"
    folder.mkdir()
    if template_of_nobody.exists():  # it does not with `--database postgresql`
        shutil.copy(template_of_nobody, folder)
    return folder


@contextlib.contextmanager
def served(begun: Path, folder: Path) -> Iterator[ForkedServer]:
    """Run a server on which nobody has been, with a reader's rate limits."""
    with ForkedServer(Path(shutil.copytree(begun, folder / "instance")), **GIVEN) as running:
        yield running


@pytest.fixture(scope="module")
def used(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedServer]:
    """Return the server that most pages use, one after the other."""
    with served(begun, tmp_path_factory.mktemp("used")) as running:
        yield running


@pytest.fixture
def server(
    request: pytest.FixtureRequest, page: Path, begun: Path, tmp_path: Path
) -> Iterator[ForkedServer]:
    """Return the server for a page."""
    if name_of(page) not in FRESH:
        yield request.getfixturevalue("used")
        return
    with served(begun, tmp_path) as running:
        yield running


#: What stands in a page's script for `flask`: it has its arguments run, and shows what came of it.
FLASK = """#!/bin/sh
printf '%s\\n' "$@" >{work}/asked
{{ read -r code; cat; }} <{work}/answered
exit $code
"""


class Commands:
    """Runs `flask` for a page's script, without the second that importing the application takes."""

    def __init__(self, work: Path, environ: dict[str, str]) -> None:
        self.flask = work / "flask"
        self.flask.write_text(FLASK.format(work=work))
        self.flask.chmod(0o700)
        self._asked, self._answered = work / "asked", work / "answered"
        for pipe in (self._asked, self._answered):
            os.mkfifo(pipe)
        self._environ = environ
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while arguments := self._asked.read_text().splitlines():
            done = run_forked("-m", "flask", *arguments, **self._environ)
            said = f"{done.returncode}\n{done.stdout}{done.stderr}"
            self._answered.write_text(said)

    def __enter__(self) -> Commands:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.write_text("")
        self._thread.join()


def script(blocks: list[Block], work: Path, url: str) -> str:
    """Write one script of a page's blocks; each writes to a file of its own what it prints."""
    lines = ["set -eu"]
    for number, block in enumerate(blocks):
        text = block.text.replace("http://127.0.0.1:5000", url).replace("/tmp/", f"{work}/")
        text = text.replace(".venv/bin/flask", f"{work}/flask")
        text = text.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        lines += [f"exec >{work}/{number}.out 2>&1", text]
    return "\n".join(lines)


def run_blocks(page: Path) -> list[Block]:
    """Return the blocks of a page that can be run."""
    return [block for block in pages.shell_blocks(page) if not block.not_run]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl: apt-get install curl")
@pytest.mark.parametrize("page", [one for one in PAGES if run_blocks(one)], ids=name_of)
def test_every_shell_block_does_what_its_page_says(page, server, tmp_path):
    blocks = run_blocks(page)
    work = tmp_path / "work"
    work.mkdir()
    own = GIVEN | {"COLLAB_URL": server.url, "INSTANCE_PATH": str(server.output.parent)}
    with Commands(work, own):
        done = subprocess.run(
            ["sh", "-c", script(blocks, work, server.url)],
            cwd=ROOT,
            env=os.environ | own,
            timeout=PATIENCE_FOR_MANY,
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
