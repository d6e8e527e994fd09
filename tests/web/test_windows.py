"""The page in a real browser: signing in, staying so, and being with others."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from ..support.browsers import Window, go, without_sockets
from ..support.people import PASSWORD, Person
from ..support.servers import ProcessServer
from ..support.tabs import Tabs
from ..support.waiting import eventually

HOSTILE = "<img src=x onerror=alert(1)>\"'{{7*7}}</title><script>alert(2)</script>"


def test_who_registers_has_a_project_after_two_forms_and_stays_signed_in(windows):
    page = windows().tab("/")
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill("Nora New")
    page.get_by_label("E-mail").fill("nora@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nora")
    page.get_by_role("button", name="New project").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Voyage")
    page.get_by_role("button", name="Make it").click()
    expect(page).to_have_url(re.compile(r"/projects/\d+"))

    page.reload()
    expect(page.locator(".project-name")).to_have_text("Voyage")
    second = page.context.new_page()
    second.goto("/")
    expect(second.get_by_role("heading", level=1)).to_contain_text("Nora")
    kept = page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")
    assert "eyJ" not in kept
    assert PASSWORD not in kept


#: Has a tab renew the token that it has.
REFRESH = """async () => {
    const base = document.querySelector('script[type=module]').src;
    const { session } = await import(new URL('core/session.js', base));
    return session.refresh(await session.token());
}"""

#: Leaves something where the page keeps what was typed offline.
KEEP_A_TEXT = """() => new Promise((done) => {
    const asked = indexedDB.open('collab.texts', 1);
    asked.onsuccess = () => { asked.result.close(); done(); };
})"""
DATABASES = "async () => (await indexedDB.databases()).map((one) => one.name)"


def test_tabs_that_refresh_at_once_do_it_once_and_one_signs_out_for_all(windows):
    window = windows()
    tabs = [window.signs_in("alice"), window.tab("/account")]
    expect(tabs[1].get_by_role("heading", level=1)).to_have_text("Account")
    asked: list[str] = []
    window.context.on("request", lambda request: asked.append(request.url))
    # Both begin before either ends: a promise of the page is not waited for by the next call.
    for tab in tabs:
        tab.evaluate(f"() => {{ window.renewed = ({REFRESH})() }}")
    tokens = {tab.evaluate("() => window.renewed") for tab in tabs}
    assert len(tokens) == 1
    assert len([one for one in asked if one.endswith("/auth/refresh")]) == 1

    tabs[0].evaluate(KEEP_A_TEXT)
    assert "collab.texts" in tabs[0].evaluate(DATABASES)
    tabs[0].get_by_role("button", name="Alice").click()
    tabs[0].get_by_role("menuitem", name="Sign out").click()
    for tab in tabs:
        expect(tab.get_by_role("heading", level=1)).to_have_text("Sign in")
    eventually(lambda: "collab.texts" not in tabs[0].evaluate(DATABASES))
    tabs[1].reload()
    expect(tabs[1].get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.usefixtures("whole_site")
def test_who_is_here_is_seen_and_who_is_removed_sees_nothing_more(
    window: Callable[..., Page], at_site: Callable[[Person], Person], alice, bob, project
):
    at_site(alice).patch(f"/projects/{project}", {"name": "Voyage"})
    alices = window("alice", f"/projects/{project}/members")
    bobs = window("bob", f"/projects/{project}/members")
    expect(bobs.locator("body")).to_contain_text("Voyage")
    here = alices.get_by_role("img", name="Bob, here now")
    expect(here).to_be_visible()
    alices.get_by_role("button", name="Remove Bob").click()
    undo = alices.get_by_role("button", name="Undo")
    undo.hover()  # it stays for as long as it is looked at
    expect(bobs.get_by_role("alert")).to_contain_text("no longer a member")
    expect(bobs.locator("body")).not_to_contain_text("Voyage")
    expect(here).to_be_hidden()
    undo.click()
    expect(alices.get_by_label("Role of Bob")).to_have_value("collaborator")


@pytest.mark.usefixtures("own_site")
def test_a_page_whose_server_was_killed_comes_back_by_itself_and_misses_nothing(
    window: Callable[..., Page], site, at_site: Callable[[Person], Person], bob, project
):
    page = window("alice", f"/projects/{project}/activity")
    state = page.locator(".sidebar .connection")
    expect(state).to_have_text("Connected")
    site.kill()
    expect(state).not_to_have_text("Connected")
    site.start()
    at_site(bob).makes_workspace(project, "Made meanwhile")
    expect(page.get_by_text("made the workspace “Made meanwhile”")).to_be_visible()
    expect(state).to_have_text("Connected")
    at_site(bob).makes_workspace(project, "Made later")
    expect(page.get_by_text("made the workspace “Made later”")).to_have_count(1)


def test_the_keyboard_alone_is_enough(window: Callable[..., Page], project):
    page = window("alice")
    press = page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    press("Enter")
    expect(page.locator("#main")).to_be_focused()
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press("Escape")
    expect(page.locator("#main")).to_be_focused()
    press("n")
    press("p")
    page.keyboard.type("Voyage")
    press("Enter")
    expect(page.locator(".project-name")).to_have_text("Voyage")
    page.get_by_role("link", name="Members").press("Enter")
    heading = page.get_by_role("heading", name="Members", level=1)
    expect(heading).to_be_focused()
    expect(page).to_have_title("Members · Collab")
    person = page.get_by_role("button", name="Alice")
    person.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Account")).to_be_focused()
    press("ArrowDown")
    press("Escape")
    expect(person).to_be_focused()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/projects/\d+$"))


def test_hostile_names_are_shown_as_text(
    windows: Callable[..., Window], at_site: Callable[[Person], Person], alice, bob, project
):
    at_site(alice).patch(f"/projects/{project}", {"name": HOSTILE, "description": HOSTILE})
    at_site(bob).patch("/auth/me", {"name": HOSTILE})
    at_site(bob).makes_workspace(project, HOSTILE)
    window = windows()
    page = window.comes_back("alice", f"/projects/{project}/members")
    for path in ("/", f"/projects/{project}/members", f"/projects/{project}/activity"):
        go(page, path)
        expect(page.get_by_text(HOSTILE, exact=False).first).to_be_visible()
        assert page.locator("img, #app script").count() == 0
    assert page.evaluate(MARKUP) == "TypeError"
    assert window.faults.pop(), "the browser says that markup was refused"


#: What the browser says to somebody who forgets that text is text.
MARKUP = """() => {
    try { document.body.innerHTML = "<b>x</b>"; } catch (error) { return error.name; }
}"""


#: All that a page could know of somebody who was there before.
KNOWN = """async () => [
    document.cookie, { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(),
]"""


def test_a_window_knows_nothing_of_who_had_it_before(windows):
    """One that is closed is taken again: what a test left there would be another's."""
    before = windows()
    page = before.signs_in("alice")
    page.evaluate(KEEP_A_TEXT)
    page.evaluate("() => { document.cookie = 'mine=1'; sessionStorage.setItem('mine', '1'); }")
    before.close()
    again = windows()
    assert again.context == before.context
    page = again.tab()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert page.evaluate(KNOWN) == ["", {}, {}, []]
    assert again.context.cookies() == []


def test_whose_window_let_no_socket_through_leaves_none_such_to_the_next(windows):
    cut_off = windows()
    page = cut_off.comes_back("alice")
    without_sockets(page)
    page.reload()
    expect(page.locator(".topbar .connection")).to_have_text(re.compile("Reconnecting|Offline"))
    cut_off.close()
    again = windows()
    assert again.context is cut_off.context
    expect(again.comes_back("bob").locator(".topbar .connection")).to_have_text("Connected")


def test_a_tab_is_there_for_the_next_unless_something_else_is_open(
    browser: Browser, whole_site: ProcessServer
):
    tabs = Tabs()
    first = tabs.take(browser, whole_site, "alice", "/posts")
    first.page.keyboard.press("?")
    first.page.get_by_role("dialog").wait_for()
    tabs.give_back(first)
    again = tabs.take(browser, whole_site, "alice", "/projects")
    expect(again.page.get_by_role("heading", level=1)).to_have_text("Projects")
    expect(again.page.get_by_role("dialog")).to_have_count(0)
    again.page.context.new_page()
    tabs.give_back(again)
    other = tabs.take(browser, whole_site, "alice", "/projects")
    other.window.close()
    assert again is first
    assert other is not first
