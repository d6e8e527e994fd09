"""Files in a real browser: writing together, running, hostile text, and rights that are lost."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from collab.realtime.transport.live import LIVE

from ..support.browsers import opened, without_sockets
from ..support.images import encoded, halves
from ..support.waiting import eventually

HOSTILE = "<img src=x onerror=\"window.hit='text'\"><script>window.hit='script'</script>"
SLOW = f"import time\nprint('''{HOSTILE}''', flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def owner(at_site, alice, bob, project):
    """Return alice at the page's server, where bob is a collaborator of her project."""
    return at_site(alice)


@pytest.fixture
def text(owner, project):
    """Return a text of theirs: its id and its address on the page."""
    file = owner.makes_text(project, "one\ntwo 😀\nthree\n", "notes/plan.md")
    return file, f"/projects/{project}/files/{file}"


def write(page: Page, keys: str, words: str) -> None:
    """Go somewhere in the text and type."""
    page.keyboard.press(keys)
    page.keyboard.insert_text(words)


def settled(*pages: Page) -> None:
    """Wait until the server has all that was typed."""
    for page in pages:
        expect(page.locator(".pane-state")).to_have_text("Saved")


def shown(page: Page) -> str:
    return page.locator(".editor-input").input_value()


def test_two_write_at_once_and_one_of_them_offline_and_end_with_the_server_s_text(
    window, site, owner, text
):
    file, path = text
    alices, bobs = opened(window("alice", path)), opened(window("bob", path))
    for turn in range(5):
        write(alices, "Control+Home", f"a{turn} 👩‍💻 ")
        write(bobs, "Control+End", f"b{turn} é\n")
    expect(alices.locator(".editor-name")).to_have_text(re.compile("Bob"))
    settled(alices, bobs)
    eventually(lambda: shown(alices) == shown(bobs) == owner.reads(file))

    # One that is open when Chromium goes offline takes a core until the page misses its answers.
    for wire in tuple(LIVE.of(site.app).wires):
        wire.abort()
    bobs.context.set_offline(True)
    expect(alices.locator(".sidebar .connection")).to_have_attribute("data-state", "online")
    expect(bobs.locator(".sidebar .connection")).not_to_have_attribute("data-state", "online")
    write(bobs, "Control+Home", "offline 🎉\n")
    write(alices, "Control+Home", "online\n")
    settled(alices)
    expect(bobs.locator(".pane-state")).to_have_text("Offline: kept here")
    again = bobs.context.new_page()
    bobs.close()  # the battery is dead; what was written is kept in the browser
    again.context.set_offline(False)
    again.goto(path)
    settled(opened(again))
    eventually(lambda: shown(alices) == shown(again) == owner.reads(file))
    assert "offline 🎉\n" in owner.reads(file)
    assert "online\n" in owner.reads(file)


@pytest.mark.usefixtures("whole_site")
def test_a_run_shows_what_is_written_as_it_comes_and_text_is_text(window, owner, project):
    file = owner.makes_text(project, SLOW, "src/slow.py")
    page = opened(window("alice", f"/projects/{project}/files/{file}"))
    page.get_by_role("button", name="Run", exact=True).click()
    output = page.locator(".run-output")
    expect(output).to_have_text(HOSTILE + "\n")
    expect(page.locator(".run .chip")).to_have_text("Running")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".run .chip")).to_have_text("Stopped")
    expect(output).to_contain_text(HOSTILE)

    page.get_by_role("link", name="History").click()
    expect(page.locator(".diff ins").first).to_be_visible()
    expect(page.locator(".diff")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hit") is None
    assert page.locator(".pane img, .pane script").count() == 0


@pytest.mark.usefixtures("whole_site")
def test_a_run_that_ended_with_an_exit_code_is_not_told_as_a_success(window, owner, project):
    file = owner.makes_text(project, "raise SystemExit(3)\n", "src/wrong.py")
    page = opened(window("alice", f"/projects/{project}/files/{file}"))
    page.get_by_role("button", name="Run", exact=True).click()
    state = page.locator(".run .chip")
    expect(state).to_have_text("Ended with exit code 3")
    expect(state).to_have_class(re.compile("chip-wrong"))


@pytest.mark.usefixtures("whole_site")
def test_keys_undo_one_s_own_changes_find_indent_and_leave(window, owner, text):
    file, path = text
    page = opened(window("alice", path))
    write(page, "Control+Home", "mine ")
    settled(page)
    owner.patch(f"/files/{file}/content", {"base_version": 2, "edits": [{"insert": "api "}]})
    expect(page.locator(".editor-input")).to_have_value(re.compile("api "))
    page.keyboard.press("Control+z")
    settled(page)
    eventually(lambda: owner.reads(file).startswith("api one"))
    page.keyboard.press("Control+End")
    page.keyboard.press("Tab")
    settled(page)
    eventually(lambda: owner.reads(file).endswith("three\n  "))
    page.keyboard.press("Control+f")
    page.keyboard.insert_text("TWO")
    expect(page.locator(".find-count")).to_have_text("1 of 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("String(getSelection())") == "two"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator(".editor-input")).not_to_be_focused()


@pytest.mark.usefixtures("whole_site")
def test_a_version_comes_back_and_one_person_s_changes_are_taken_back(window, owner, text, bob):
    file, path = text
    theirs = bob.at(owner.http)
    theirs.patch(f"/files/{file}/content", {"base_version": 1, "edits": [{"insert": "bob\n"}]})
    owner.patch(f"/files/{file}/content", {"base_version": 2, "edits": [{"insert": "alice\n"}]})
    page = window("alice", f"{path}/history")
    page.get_by_role("button", name=re.compile("Bob")).click()
    expect(page.locator(".diff ins")).to_contain_text("bob")
    page.get_by_role("button", name="Undo this change").click()
    eventually(lambda: owner.reads(file).startswith("alice\none"))
    # The way back is the chosen version's at once, however long its difference takes to come.
    page.route("**/diff**", lambda route: None)
    page.get_by_role("list", name="Versions").get_by_role("button").last.click()
    page.get_by_role("button", name="Restore this version").click()
    eventually(lambda: owner.reads(file).startswith("one\n"))


@pytest.mark.usefixtures("whole_site")
def test_who_may_write_no_longer_reads_on_and_a_deleted_file_is_said_to_be(
    window, owner, text, project, bob
):
    file, path = text
    page = opened(window("bob", path))
    owner.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"})
    expect(page.locator(".pane-state")).to_have_text("Read only")
    expect(page.locator(".editor-input")).to_have_attribute("readonly", "")
    owner.delete(f"/files/{file}")
    expect(page.get_by_role("alert")).to_contain_text("deleted")


@pytest.mark.usefixtures("whole_site")
def test_files_are_moved_deleted_and_taken_in_by_dropping(window, owner, text, project):
    _, path = text
    page = opened(window("alice", path))
    tree = page.get_by_role("tree")
    fold = tree.get_by_role("treeitem", name="plan.md").locator(".tree-row")
    fold.drag_to(page.locator(".files-scroll"), target_position={"x": 60, "y": 300})
    undo = page.get_by_role("button", name="Undo").last
    undo.hover()  # it stays for as long as it is looked at
    expect(page.locator(".pane-name")).to_have_text("plan.md")
    undo.click()
    expect(page.locator(".pane-name")).to_have_text("notes/plan.md")

    tree.get_by_role("treeitem", name="plan.md").focus()
    page.keyboard.press("Delete")
    undo.hover()
    expect(tree.get_by_role("treeitem", name="plan.md")).to_have_count(0)
    undo.click()
    expect(tree.get_by_role("treeitem", name="notes")).to_be_visible()

    dropped = page.evaluate_handle(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'dot.png', { type: 'image/png' }));
            return data;
        }""",
        list(encoded(halves((40, 30)))),
    )
    page.locator(".files-scroll").dispatch_event("drop", {"dataTransfer": dropped})
    tree.get_by_role("treeitem", name="dot.png").click()
    expect(page.locator(".stage-facts")).to_contain_text("40 by 30")
    page.get_by_role("button", name="64 px").click()
    expect(page.locator(".stage-small img")).to_be_visible()
    page.get_by_role("button", name="More about this workspace").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download as a zip").click()
    names = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())).namelist()
    assert sorted(names) == ["dot.png", "notes/plan.md"]


@pytest.mark.usefixtures("whole_site")
def test_a_text_can_be_read_where_no_socket_gets_through(windows, at_site, alice, project):
    file = at_site(alice).makes_text(project, "What is saved.\n")
    page = windows().comes_back("alice")
    without_sockets(page)
    page.goto(f"/projects/{project}/files/{file}")
    expect(page.locator(".editor")).to_contain_text("What is saved.")
    expect(page.locator(".editor-input")).not_to_be_editable()
