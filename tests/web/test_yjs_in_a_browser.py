"""The Yjs door in a real browser: CodeMirror and its stock binding, beside the page's editor."""

import subprocess

import pytest
from playwright.sync_api import Page

from collab.config import ROOT

from ..support.browsers import opened
from ..support.npm import PACKAGES, needs_node
from ..support.waiting import eventually

ESBUILD = PACKAGES / ".bin" / "esbuild"
ENTRY = ROOT / "tests" / "web" / "yjs_editor.mjs"

pytestmark = [
    pytest.mark.usefixtures("whole_site"),
    needs_node(
        "esbuild",
        "yjs",
        "y-websocket",
        "y-codemirror.next",
        "@codemirror/state",
        "@codemirror/view",
    ),
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return CodeMirror, the binding, the provider and Yjs as one script."""
    made = tmp_path_factory.mktemp("bundle") / "codemirror.js"
    subprocess.run(
        [ESBUILD, ENTRY, "--bundle", f"--outfile={made}", "--log-level=error"], check=True
    )
    return made.read_text()


@pytest.fixture
def codemirror(windows, bundle):
    """Return a way to edit a text in CodeMirror, in a document that has nothing of the page."""

    def begin(who, file: int, **more: str) -> Page:
        page = windows(bypass_csp=True).tab("/health")
        page.add_script_tag(content=bundle)
        page.evaluate(
            "([file, token, name, more]) => begin(file, token, name, more)",
            [file, who.token, who.name, more],
        )
        page.locator(".cm-content").click()
        return page

    return begin


def test_two_codemirrors_and_the_page_end_with_the_server_s_text(
    codemirror, window, at_site, alice, bob, project
):
    owner = at_site(alice)
    file = owner.makes_text(project, "one 😀\n", "plan.md")
    first, second = codemirror(alice, file), codemirror(bob, file)
    third = opened(window("bob", f"/projects/{project}/files/{file}"))
    for turn in range(4):
        for page, key in ((first, "Control+Home"), (second, "Control+End"), (third, "ArrowDown")):
            page.keyboard.press(key)
            page.keyboard.insert_text(f"{turn} 👩‍💻 é ")

    def all_of_them() -> set[str]:
        texts = {page.evaluate("view.state.doc.toString()") for page in (first, second)}
        return texts | {third.locator(".editor-input").input_value(), owner.reads(file)}

    eventually(lambda: len(all_of_them()) == 1)
    assert owner.reads(file).count("👩‍💻") == 12


def test_codemirrors_type_where_they_show_it_in_a_text_that_had_crlf(
    codemirror, at_site, alice, bob, project
):
    """Their binding counts a line break as one character, and the text has two there."""
    owner = at_site(alice)
    file = owner.makes_text(project, "one\r\ntwo\r\nthree\r\n", "plan.md")
    pages = [codemirror(who, file, newlines="lf") for who in (alice, bob)]
    for page, key in zip(pages, ("Control+End", "Control+Home"), strict=True):
        page.keyboard.press(key)
        page.keyboard.insert_text("typed\n")

    def shown() -> list[str]:
        return [page.evaluate("view.state.doc.toString()") for page in pages]

    typed = "typed\none\ntwo\nthree\ntyped\n"
    eventually(lambda: shown() == [typed] * 2 and owner.reads(file) == typed)
    owner.request("PUT", f"/files/{file}/content", content=typed.replace("\n", "\r\n"))
    owner.request("PUT", f"/files/{file}/content", content="typed\r\nanew\r\n")
    eventually(lambda: shown() == ["typed\nanew\n"] * 2)
    pages[0].keyboard.press("Control+End")
    pages[0].keyboard.insert_text("end")
    eventually(lambda: owner.reads(file) == "typed\nanew\nend")
    assert shown()[0] == "typed\nanew\nend"
