"""From nothing to a text that two people write, by the page alone."""

from playwright.sync_api import Page, expect

from ..support.browsers import opened
from ..support.people import PASSWORD


def registers(page: Page, name: str) -> None:
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.lower()}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.locator(".frame").wait_for()


def test_two_who_register_share_their_first_edit(windows):
    hers, his = windows().tab("/"), windows().tab("/")
    registers(hers, "Nora")
    registers(his, "Otto")
    hers.get_by_role("button", name="New project").first.click()
    hers.get_by_role("dialog").get_by_label("Name").fill("Voyage")
    hers.get_by_role("button", name="Make it").click()
    hers.get_by_role("link", name="Members").click()
    hers.get_by_role("button", name="Invite").click()
    hers.get_by_role("dialog").get_by_label("E-mail").fill("otto@example.com")
    hers.get_by_role("dialog").get_by_role("button", name="Invite").click()
    expect(hers.locator(".rows").get_by_text("otto@example.com")).to_be_visible()

    hers.get_by_role("link", name="Files").click()
    hers.get_by_role("button", name="New workspace").first.click()
    hers.get_by_role("dialog").get_by_role("textbox").first.fill("Desk")
    hers.keyboard.press("Enter")
    hers.get_by_role("button", name="New file").first.click()
    hers.get_by_role("dialog").get_by_role("textbox").first.fill("plan.md")
    hers.keyboard.press("Enter")
    opened(hers)
    hers.keyboard.insert_text("Sail west.\n")
    expect(hers.locator(".pane-state")).to_have_text("Saved")

    his.goto(hers.url)
    expect(his.locator(".editor-input")).to_have_value("Sail west.\n")
    opened(his)
    his.keyboard.press("Control+End")
    his.keyboard.insert_text("And home.\n")
    expect(hers.locator(".editor-input")).to_have_value("Sail west.\nAnd home.\n")
    expect(hers.locator(".editor-name")).to_have_text("Otto")
