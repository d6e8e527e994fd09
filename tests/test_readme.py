"""The documentation agrees with the code and with itself: tables, links, and how it is written."""

import ast
import re
import runpy
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from collab.config import ROOT, SETTINGS

from .support import pages
from .support.each import each
from .support.pages import PAGES

MAX_LINE_LENGTH = 120
MAX_README_LINES = 200
MAX_PICTURE_BYTES = 150_000

each_page = each(PAGES)


def settings_table() -> str:
    """Write the table of settings as the documentation has to show it."""
    lines = []
    for setting in SETTINGS:
        default = setting.default.replace(str(ROOT), ".")
        lines.append(
            f"| `{setting.name}` | {f'`{default}`' if default else ''} | {setting.meaning} |"
        )
    return "\n".join(lines)


def test_the_table_of_settings_is_the_codes():
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text()


def test_every_dependency_has_its_reason():
    required = (ROOT / "requirements.txt").read_text()
    table = (ROOT / "docs" / "dependencies.md").read_text()
    for name in re.findall(r"^([\w-]+)>=", required, re.MULTILINE):
        assert re.search(rf"^\|.*\b{name}\b.*\|.*\|$", table, re.MULTILINE), name


def test_every_path_in_code_style_is_there():
    """Pages name modules and tests by path; `jobs/{id}` and the like are addresses."""
    for page in PAGES:
        for path in re.findall(
            r"`((?:collab|tests|bench|examples|docs)/[\w./-]+)`", page.read_text()
        ):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


@pytest.mark.parametrize(
    ("answer", "output", "shown"),
    [
        ('{"id":...,"name":"x"}', '{"id":7,"name":"x"}', True),
        ('{"id":...,\n "name":"x"}', '{"id":7,"at":1,"name":"x"}', True),
        ('{"id":...,"name":"x"}', '{"id":7,"name":"y"}', False),
        ("200\n403", "200\n403\n", True),
        ("200\n403", "403\n200\n", False),
        ("a.c", "abc", False),
        ('{"items":[...]}', '{"items":[1]}', True),
        ('{"items":[...]}', '{"items":[]}', False),
    ],
)
def test_what_is_printed_is_compared_with_what_is_shown(answer, output, shown):
    assert pages.shows(answer, output) is shown


@each_page
def test_a_failing_request_fails_its_block(page):
    """Unless the page shows the problem or the status that it gets, or follows a stream."""
    for block in pages.shell_blocks(page):
        expects_problem = block.answer and re.search(r'"status": ?[45]|HTTP/1.1 [45]', block.answer)
        for call in re.findall(r"curl (.*)", block.text):
            assert call.startswith("-sS"), call
            told = "-sSN" in call or "%{http_code}" in call or expects_problem
            assert told or "--fail-with-body" in call, call


@each_page
def test_a_block_can_be_pasted_into_any_shell(page):
    """In an interactive zsh a comment is a command, and a question mark a pattern."""
    for block in pages.shell_blocks(page):
        for line in block.text.splitlines():
            assert not re.match(r"\s*#|.*\s# ", line), line
            assert not re.search(r"(?<![\"'])\$api\S*[?*]", line), line


@each_page
def test_a_block_knows_no_ids(page):
    """Whoever has tried something before has other ones: a block keeps those that it is given."""
    for block in pages.shell_blocks(page):
        assert re.findall(r"\$api\S*/\d+\b|_id\\?\": ?\d", block.text) == []


@each_page
def test_nothing_of_a_merge_was_left(page):
    assert re.findall(r"^(?:<<<<<<<|>>>>>>>|=======$).*", page.read_text(), re.MULTILINE) == []


@each_page
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", pages.prose(page)):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in pages.anchors(path), f"{target}#{anchor}"


@cache
def reached():
    """Return all that links lead to from the readme on."""
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        one = waiting.pop()
        if one in seen or one.suffix != ".md":
            continue
        seen.add(one)
        targets = re.findall(r"\]\(([\w./-]+)", pages.prose(one))
        waiting += [(one.parent / target).resolve() for target in targets]
    return seen


@each_page
def test_every_page_is_reached_from_the_readme(page):
    assert page in reached()


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < MAX_README_LINES


@each_page
def test_lines_have_at_most_120_characters(page):
    """A row of a table can't be broken, nor can a link; what is shown of code is as it is."""
    shell = "".join(block.text for block in pages.shell_blocks(page))
    for line in (pages.prose(page) + shell).splitlines():
        assert len(line) <= MAX_LINE_LENGTH or line.lstrip().startswith(("|", "- [")), line


def test_the_tables_are_drawn_as_the_models_are():
    """If not: `.venv/bin/python docs/draw_tables.py`."""
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_tables.py"))
    assert drawn["PAGE"].read_text() == drawn["page"]()


def test_how_long_everything_is_kept_is_what_packages_declare():
    redrawn = runpy.run_path(str(ROOT / "docs" / "draw_retention.py"))["redrawn"]
    page = (ROOT / "docs" / "settings.md").read_text()
    assert redrawn(page) == page, "run: python docs/draw_retention.py"


def test_the_picture_of_the_pipeline_is_what_the_stages_are():
    """If not: `.venv/bin/python docs/draw_pipeline.py`."""
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_pipeline.py"))
    assert (ROOT / "docs" / "pipeline.md").read_text() == drawn["draw"]()


def defines(path: Path, name: str) -> bool:
    """Return whether a file defines a function or class, or `Class.method`."""
    if path.suffix != ".py":
        return re.search(rf"^(?:async )?function {name}\(", path.read_text(), re.M) is not None
    body: list[ast.stmt] = ast.parse(path.read_text()).body
    for part in name.split("."):
        kinds = (ast.FunctionDef, ast.ClassDef)
        found = [one for one in body if isinstance(one, kinds) and one.name == part]
        if not found:
            return False
        body = found[0].body
    return True


@each_page
def test_what_a_link_into_the_code_names_is_there(page):
    for name, target in re.findall(r"\[`([\w.]+)`\]\(([\w./-]+\.(?:py|js))\)", page.read_text()):
        assert defines(page.parent / target, name), f"{target}: {name}"


def test_the_walk_through_the_code_is_looked_at():
    links = re.findall(r"\[`[\w.]+`\]\(", (ROOT / "docs" / "architecture.md").read_text())
    assert len(links) > 25


@pytest.mark.parametrize(
    ("file", "name", "there"),
    [
        ("collab/events/hub.py", "Hub.publish", True),
        ("collab/events/hub.py", "Hub.publishes", False),
        ("collab/events/hub.py", "publish", False),
        ("collab/web/static/core/socket.js", "connect", True),
        ("collab/web/static/core/socket.js", "onnect", False),
    ],
)
def test_a_link_to_what_is_not_there_is_noticed(file, name, there):
    assert defines(ROOT / file, name) is there


def test_what_the_walk_calls_a_word_of_the_field_is_in_the_glossary():
    walk = (ROOT / "docs" / "architecture.md").read_text().split("## One change")[1].split("## ")[0]
    rows = (ROOT / "docs" / "glossary.md").read_text().splitlines()
    known = {row.split("|")[1].split("(")[0].strip() for row in rows if row.startswith("| ")}
    words = {word for cell in known for word in cell.split(", ")}
    marked = set(re.findall(r"(?<![*\w])\*(\w[\w -]*)\*(?!\*)", walk)) - {"italics"}
    assert len(marked) > 10
    assert marked <= words


def test_the_pictures_are_there_small_and_for_light_and_dark():
    shown = set(re.findall(r"(?:src|srcset)=\"([\w./-]+)\"", (ROOT / "README.md").read_text()))
    taken = {f"docs/pictures/{one.name}" for one in (ROOT / "docs" / "pictures").glob("*.png")}
    assert shown == taken
    for name in taken:
        assert name.replace("light", "dark") in taken
        with Image.open(ROOT / name) as picture:
            assert (picture.format, picture.width > 1000) == ("PNG", True)
        assert (ROOT / name).stat().st_size < MAX_PICTURE_BYTES
