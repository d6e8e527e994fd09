"""Webhooks in a browser: a secret that is shown once, a test and its answer, an incoming hook."""

import httpx
import pytest
from playwright.sync_api import expect
from standardwebhooks.webhooks import Webhook as Verifier

from ..support.receivers import Receiver, Says
from ..support.servers import PLAIN


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.mark.usefixtures("whole_site")
def test_a_webhook_is_made_tested_and_its_failed_deliveries_sent_again(window, receiver, project):
    page = window("alice", f"/projects/{project}/settings")
    page.get_by_role("link", name="Webhooks and incoming hooks").click()
    page.get_by_role("button", name="Add a webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Build server")
    dialog.get_by_label("Address").fill("ftp://example.com")
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.locator(".field-wrong:visible")).to_contain_text("Must be an address")
    dialog.get_by_label("Address").fill(receiver.url)
    dialog.get_by_label("Types of events").fill("task.*, file.created")
    dialog.get_by_role("button", name="Add it").click()
    secret = page.get_by_role("textbox", name="Secret").input_value()
    page.keyboard.press("Escape")
    receiver.says(Says(500, body=b"<b>out of order</b>"))
    row = page.locator(".row", has_text="Build server")
    expect(row).to_contain_text("active")
    row.get_by_role("button", name="Deliveries").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Send a test").click()
    (got,) = receiver.has(1)
    Verifier(secret).verify(got.body, got.headers)
    line = dialog.locator(".row", has_text="webhook.ping")
    expect(line).to_contain_text("answered 500")
    line.get_by_role("button", name="Look").click()
    whole = page.get_by_role("dialog", name="Delivery")
    expect(whole.locator("pre").last).to_have_text("<b>out of order</b>")
    assert secret not in page.content()


@pytest.mark.usefixtures("whole_site")
def test_an_incoming_hook_gives_an_address_that_publishes(window, at_site, alice, project):
    page = window("alice", f"/projects/{project}/webhooks")
    page.get_by_role("button", name="Add an incoming hook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Build server")
    dialog.get_by_label("Type of its events").fill("ci.build")
    dialog.get_by_role("button", name="Add it").click()
    address = page.get_by_role("textbox", name="Address").input_value()
    page.keyboard.press("Escape")
    answer = httpx.post(address, params={"event": "finished"}, json={"ok": True}, **PLAIN)
    assert answer.json()["type"] == "ci.build.finished"
    row = page.locator(".row", has_text="Build server")
    row.get_by_role("button", name="Switch off").click()
    expect(row.locator(".chip")).to_have_text("off")
    assert httpx.post(address, json={}, **PLAIN).status_code == 404


@pytest.mark.usefixtures("whole_site")
def test_only_owners_see_them(window, project):
    page = window("bob", f"/projects/{project}/webhooks")
    expect(page.get_by_text("Owners manage")).to_be_visible()
    assert page.locator(".row").count() == 0
