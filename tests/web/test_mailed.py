"""What the links of mails lead to, in a browser: a forgotten password is chosen anew."""

from email import message_from_bytes
from email.policy import default

from playwright.sync_api import expect

from ..support.mail import links_in
from ..support.waiting import eventually

NEW = "OneGiantLeap1969!"


def test_a_forgotten_password_is_chosen_anew_by_the_link_of_a_mail(process, browser, instance):
    site = process(NOTIFIER="on", JOB_WORKERS="1")
    page = browser.new_page()
    page.goto(f"{site.url}/sign-in")
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("E-mail").fill("bob@example.com")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.locator("main").get_by_role("status")).to_contain_text("on its way")
    (kept,) = eventually(lambda: list((instance / "mail").glob("*.eml")))
    mail = message_from_bytes(kept.read_bytes(), policy=default)
    fragment = links_in(mail)[0].partition("/reset")[2]
    page.goto(f"{site.url}/reset{fragment}")
    page.get_by_label("The new password").fill("password1")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("one of the most common ones")).to_be_visible()
    page.get_by_label("The new password").fill(NEW)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("main").get_by_role("status")).to_contain_text("sign in with the new one")
    assert fragment not in page.url
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("E-mail").fill("bob@example.com")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".view h1")).to_be_visible()
    page.goto(f"{site.url}/account")
    expect(page.get_by_text("verified")).to_be_visible()
    page.get_by_role("button", name="Every day").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.close()
