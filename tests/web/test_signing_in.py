"""Second factors, passkeys and tokens by the page, with Chromium's own authenticator."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ..support.factors import App
from ..support.people import PASSWORD, ok

#: A device that unlocks itself, and keeps its keys (WebAuthn §11.2).
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def by_name(page: Page) -> Page:
    """Go to the same page by the service's name: there are no passkeys for a number."""
    page.goto(page.url.replace("127.0.0.1", "localhost"))
    return page


def begins(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def signs_out(page: Page) -> None:
    page.context.clear_cookies()
    page.evaluate("localStorage.clear()")
    page.goto(re.sub(r"(//[^/]+).*", r"\1/sign-in", page.url))


def confirms(page: Page, button: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name=button).click()


def test_an_app_is_set_up_and_asked_for_and_turned_off(window):
    page = window("alice", "/account")
    page.get_by_role("button", name="Set up").click()
    confirms(page, "Continue")
    dialog = page.get_by_role("dialog", name="Add it to the app")
    expect(dialog.locator("img.qr")).to_have_js_property("complete", True)
    assert dialog.locator("img.qr").evaluate("(image) => image.naturalWidth") > 0
    app = App(dialog.get_by_label("Key").inner_text().replace(" ", ""))
    dialog.get_by_label("Code").fill(app.code(0))
    dialog.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_role("dialog", name="Your recovery codes")
    expect(codes.get_by_role("listitem")).to_have_count(10)
    codes.get_by_label("Close").click()
    expect(page.get_by_role("button", name="Turn off")).to_be_visible()

    signs_out(page)
    begins(page)
    page.get_by_label("Code").fill(app.wrong_code())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    page.get_by_label("Code").fill(app.code())
    page.get_by_role("button", name="Continue").click()
    page.locator(".frame").wait_for()

    page.goto("/account")
    page.get_by_role("button", name="Turn off").click()
    confirms(page, "Turn it off")
    expect(page.get_by_role("button", name="Set up")).to_be_visible()


def test_a_passkey_is_added_signs_in_and_is_a_second_factor(windows):
    window = windows()
    page = by_name(window.tab("/account"))
    device = window.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    begins(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Test device")
    confirms(page, "Add it")
    page.get_by_role("dialog", name="Your recovery codes").get_by_label("Close").click()
    expect(page.get_by_text("Test device")).to_be_visible()

    signs_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".frame").wait_for()

    signs_out(page)
    begins(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".frame").wait_for()

    page.goto(re.sub(r"(//[^/]+).*", r"\1/account", page.url))
    page.get_by_role("button", name="Remove").click()
    confirms(page, "Remove it")
    expect(page.get_by_text("Test device")).to_have_count(0)


def test_a_token_is_made_shown_once_and_revoked(window, at_site, alice):
    page = window("alice", "/account")
    page.get_by_role("button", name="New token").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Nightly export")
    form.get_by_label("tasks:read").check()
    confirms(page, "Make the token")
    told = page.get_by_role("dialog", name="Your new token")
    token = told.get_by_label("Token", exact=True).inner_text()
    ok(at_site(alice).comes_with(token).get("/tasks"))
    told.get_by_label("Close").click()
    expect(page.get_by_text("tasks:read")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("You have none.")).to_be_visible()
    assert at_site(alice).comes_with(token).get("/tasks").status_code == 401


def test_a_wrong_password_is_one_attempt_and_said_at_once(window):
    page = window("alice", "/account")
    page.get_by_role("button", name="Set up").click()
    dialog = page.get_by_role("dialog")
    sent = []
    page.on("request", lambda one: sent.append(one.url.rpartition("/")[2]))
    dialog.get_by_label("Your password").fill("wrong")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_have_text("The current password is wrong.")
    assert [one for one in sent if one in ("totp", "refresh")] == ["totp"]
