"""Second factors, passkeys and tokens by the page, with Chromium's own authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ..support.browsers import go
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


@pytest.fixture
def account(windows, site) -> Page:
    """Open the account's page by the service's name: there are no passkeys for a number."""
    url = site.url.replace("127.0.0.1", "localhost")
    page: Page = windows(base_url=url).tab("/account")
    return page


def begins(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def signs_out(page: Page) -> None:
    page.locator(".sidebar").get_by_role("button", name="Alice").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


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

    go(page, "/account")
    page.get_by_role("button", name="Turn off").click()
    confirms(page, "Turn it off")
    expect(page.get_by_role("button", name="Set up")).to_be_visible()


class Device:
    """What signs by itself, or waits to be touched."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self._it = {"authenticatorId": made["authenticatorId"]}

    def is_touched(self, by_itself: bool) -> None:
        how = self._it | {"enabled": by_itself}
        self._session.send("WebAuthn.setAutomaticPresenceSimulation", how)

    def leaves(self) -> None:
        """Go with what it knows: its page may be another's soon."""
        self._session.detach()

    @property
    def passkeys(self) -> int:
        return len(self._session.send("WebAuthn.getCredentials", self._it)["credentials"])


@pytest.fixture
def device(account) -> Iterator[Device]:
    """Return the device that the account's page is on."""
    made = Device(account)
    yield made
    made.leaves()


def adds_a_passkey(page: Page) -> None:
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Test device")
    confirms(page, "Add it")
    page.get_by_role("dialog", name="Your recovery codes").get_by_label("Close").click()
    expect(page.get_by_text("Test device")).to_be_visible()


@pytest.mark.usefixtures("device")
def test_a_passkey_is_added_signs_in_and_is_a_second_factor(account):
    page = account
    begins(page)
    adds_a_passkey(page)

    signs_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".frame").wait_for()

    signs_out(page)
    begins(page)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".frame").wait_for()

    go(page, "/account")
    page.get_by_role("button", name="Remove").click()
    confirms(page, "Remove it")
    expect(page.get_by_text("Test device")).to_have_count(0)


@pytest.mark.usefixtures("device")
def test_one_way_to_sign_in_is_gone_at_a_time(account):
    page = account
    begins(page)
    adds_a_passkey(page)

    signs_out(page)
    held = []
    page.route("**/auth/login", lambda route: held.append(route))
    with page.expect_request("**/auth/login"):
        begins(page)
    passkey = page.get_by_role("button", name="Use a passkey")
    expect(passkey).to_be_disabled()
    held.pop().continue_()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.unroute("**/auth/login")

    page.route("**/auth/login/second-factor", lambda route: held.append(route))
    page.get_by_label("Code").fill("000000")
    with page.expect_request("**/auth/login/second-factor"):
        page.get_by_role("button", name="Continue").click()
    expect(passkey).to_be_disabled()
    held.pop().continue_()
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    page.unroute("**/auth/login/second-factor")
    passkey.click()
    page.locator(".frame").wait_for()


@pytest.mark.usefixtures("device")
def test_codes_are_shown_to_who_closes_the_form_while_they_are_made(account):
    page = account
    begins(page)
    adds_a_passkey(page)
    held = []
    page.route("**/auth/recovery-codes", lambda route: held.append(route))
    page.get_by_role("button", name="Make new ones").click()
    with page.expect_request("**/auth/recovery-codes"):
        confirms(page, "Make new ones")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    held.pop().continue_()
    codes = page.get_by_role("dialog", name="Your recovery codes")
    expect(codes.get_by_role("listitem")).to_have_count(10)


def test_a_device_is_asked_no_more_by_a_view_that_has_gone(account, device):
    page = account
    begins(page)
    device.is_touched(by_itself=False)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Nobody's")
    with page.expect_response("**/auth/passkeys/options"):
        confirms(page, "Add it")
    page.get_by_role("button", name="Cancel").click()
    device.is_touched(by_itself=True)
    adds_a_passkey(page)  # a browser that still asked for the other would refuse it
    assert device.passkeys == 1

    signs_out(page)
    device.is_touched(by_itself=False)
    with page.expect_response("**/login/passkey/options"):
        page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("link", name="Forgot the password?").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    page.go_back()
    device.is_touched(by_itself=True)
    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".frame").wait_for()


def test_a_view_that_comes_too_late_ends_none_that_is_shown(windows, at_site, alice, project):
    """Signing in may be quicker than what the sign-in page still asks for."""
    page = windows().tab("/health")
    held = []
    page.route("**/auth/demo", lambda route: held.append(route))
    with page.expect_request("**/auth/demo"):
        page.goto(f"/sign-in?next=/projects/{project}")
    begins(page)
    expect(page.get_by_role("link", name="Board")).to_be_visible()
    held.pop().continue_()
    ok(at_site(alice).post(f"/projects/{project}/tasks", {"title": "Told at once"}))
    expect(page.get_by_text("Told at once")).to_be_visible()


@pytest.mark.usefixtures("whole_site")
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


@pytest.mark.usefixtures("whole_site")
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
