"""From nothing to a text that two people write, by the page alone."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from ..support.browsers import go, opened
from ..support.people import PASSWORD


def registers(page: Page, name: str) -> None:
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.locator(".frame").wait_for()


@pytest.mark.usefixtures("whole_site")
def test_two_who_register_share_their_first_edit(windows):
    nora, otto = windows().tab("/"), windows().tab("/")
    registers(nora, "Nora")
    registers(otto, "Otto")
    nora.get_by_role("button", name="New project").first.click()
    nora.get_by_role("dialog").get_by_label("Name").fill("Voyage")
    nora.get_by_role("button", name="Make it").click()
    nora.get_by_role("link", name="Members").click()
    nora.get_by_role("button", name="Invite").click()
    nora.get_by_role("dialog").get_by_label("E-mail").fill("otto@example.com")
    nora.get_by_role("dialog").get_by_role("button", name="Invite").click()
    expect(nora.locator(".rows").get_by_text("otto@example.com")).to_be_visible()

    nora.get_by_role("link", name="Files").click()
    nora.get_by_role("button", name="New workspace").first.click()
    nora.get_by_role("dialog").get_by_role("textbox").first.fill("Desk")
    nora.keyboard.press("Enter")
    nora.get_by_role("button", name="New file").first.click()
    nora.get_by_role("dialog").get_by_role("textbox").first.fill("plan.md")
    nora.keyboard.press("Enter")
    opened(nora)
    nora.keyboard.insert_text("Sail west.\n")
    expect(nora.locator(".pane-state")).to_have_text("Saved")

    go(otto, urlsplit(nora.url).path)
    expect(otto.locator(".editor-input")).to_have_value("Sail west.\n")
    opened(otto)
    otto.keyboard.press("Control+End")
    otto.keyboard.insert_text("And home.\n")
    expect(nora.locator(".editor-input")).to_have_value("Sail west.\nAnd home.\n")
    expect(nora.locator(".editor-name")).to_have_text("Otto")
