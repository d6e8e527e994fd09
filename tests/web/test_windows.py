"""The page in a real browser: signing in, staying so, and being with others."""

import re

from playwright.sync_api import expect

from ..support.people import PASSWORD


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
    kept = page.evaluate("JSON.stringify(localStorage) + document.cookie")
    assert "eyJ" not in kept
    assert PASSWORD not in kept
