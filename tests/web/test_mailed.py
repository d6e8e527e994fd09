"""What the links of mails lead to, in a browser: a forgotten password is chosen anew."""

from email import message_from_bytes
from email.policy import default

import pytest
from playwright.sync_api import expect

from ..support.browsers import go
from ..support.mail import links_in
from ..support.people import register
from ..support.waiting import eventually

NEW = "OneGiantLeap1969!"

pytestmark = pytest.mark.usefixtures("whole_site")


@pytest.fixture
def mailed(site):
    """Wait for a link to a page in a mail to somebody, and return what it ends with."""

    def found(address, path):
        for kept in (site.output.parent / "mail").glob("*.eml"):
            mail = message_from_bytes(kept.read_bytes(), policy=default)
            for link in links_in(mail) if mail["To"] == address else ():
                if path in link:
                    return link.partition(path)[2]
        return None

    return lambda address, path: eventually(lambda: found(address, path))


def test_a_forgotten_password_is_chosen_anew_by_the_link_of_a_mail(
    windows, at_site, nobody, mailed
):
    register(at_site(nobody).http, "paul")
    page = windows().tab("/sign-in")
    page.get_by_role("link", name="Forgot the password?").click()
    expect(page.get_by_role("heading", name="Forgotten password")).to_be_visible()
    page.get_by_label("E-mail").fill("paul@example.com")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.locator("main").get_by_role("status")).to_contain_text("on its way")
    fragment = mailed("paul@example.com", "/reset")
    page.goto(f"/reset{fragment}")
    page.get_by_label("The new password").fill("password1")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("one of the most common ones")).to_be_visible()
    page.get_by_label("The new password").fill(NEW)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("main").get_by_role("status")).to_contain_text("sign in with the new one")
    assert fragment not in page.url
    go(page, "/sign-in")
    page.get_by_label("E-mail").fill("paul@example.com")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".view h1")).to_be_visible()
    go(page, "/account")
    expect(page.get_by_text("verified")).to_be_visible()
    page.get_by_role("button", name="Every day").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.get_by_role("button", name="Change the address").click()
    page.get_by_label("The new address").fill("paul@example.org")
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_text("on its way to that address")).to_be_visible()
    fragment = mailed("paul@example.org", "/new-address")
    page.goto(f"/new-address{fragment}")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("main").get_by_role("status")).to_contain_text("is paul@example.org")
    go(page, "/account")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
        page.get_by_role("dialog").get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename.startswith("collab-")
    page.get_by_role("button", name="Erase it").click()
    page.get_by_label("Write paul@example.org").fill("paul")
    page.get_by_role("button", name="Erase it for good").click()
    expect(page.get_by_text("not the address of your account")).to_be_visible()
    page.get_by_label("Write paul@example.org").fill("paul@example.org")
    page.get_by_role("button", name="Erase it for good").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_first_view_says_that_an_address_is_not_verified(windows, mailed):
    page = windows().tab("/register")
    page.get_by_label("E-mail").fill("dora@example.com")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="account").click()
    expect(page.get_by_role("note")).to_contain_text("dora@example.com")
    fragment = mailed("dora@example.com", "/verify")
    page.goto(f"/verify{fragment}")
    page.get_by_role("button", name="Verify it").click()
    page.get_by_role("link", name="Go on to Collab").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)
