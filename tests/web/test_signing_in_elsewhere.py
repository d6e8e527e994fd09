"""The page's buttons for other services, with a real provider and a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from ..support.browsers import go
from ..support.openid import real_provider, registered
from ..support.servers import ThreadServer


@pytest.fixture(scope="module")
def acme() -> Iterator[str]:
    """Return the address of the real provider."""
    with real_provider() as url:
        yield url


@pytest.fixture(scope="module")
def client(acme: str, port: int) -> dict[str, Any]:
    """Return what the page's servers are to the provider, which sends people back to their port."""
    return registered(acme, f"http://127.0.0.1:{port}/auth/acme/callback")


@pytest.fixture
def site(
    acme: str, client: dict[str, Any], port: int, make_app: Callable[..., Flask]
) -> Iterator[ThreadServer]:
    """Serve people who sign in at the provider, too."""
    told: dict[str, Any] = {"CLIENT_ID": client["client_id"], "ISSUER": acme, "LABEL": "Acme"}
    told["CLIENT_SECRET"] = client["client_secret"]
    app = make_app(**{f"OAUTH_ACME_{end}": value for end, value in told.items()})
    with ThreadServer(app, port) as running:
        yield running


def goes_through(page: Page, account: str) -> None:
    """Log in at the provider, and let it say who it is."""
    page.locator("input[name=login]").fill(account)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


def test_somebody_signs_in_by_a_button_and_comes_back_where_they_were_going(windows, site):
    page = windows().tab("/posts")
    page.get_by_role("link", name="Continue with Acme").click()
    goes_through(page, "dora")
    expect(page).to_have_url(f"{site.url}/posts")
    expect(page.locator(".frame")).to_be_visible()
    go(page, "/account")
    expect(page.get_by_text("dora@example.com").first).to_be_visible()
    expect(page.get_by_role("button", name="Set a password")).to_be_visible()
    page.get_by_role("button", name="Unlink Acme").click()
    expect(page.get_by_text("There is no other way into your account")).to_be_visible()
    page.reload()  # the session goes on by its cookie
    expect(page.get_by_role("button", name="Unlink Acme")).to_be_visible()


def test_the_password_is_asked_for_once_where_an_address_is_not_proved(windows):
    page = windows().tab("/sign-in")
    page.get_by_role("link", name="Continue with Acme").click()
    goes_through(page, "alice")
    expect(page.get_by_text("There is an account with")).to_be_visible()
    assert "proof" not in page.url
    page.get_by_label("Password of your account here").fill("correct horse battery")
    page.get_by_role("button", name="Link Acme and sign in").click()
    expect(page.locator(".frame")).to_be_visible()


def test_who_declines_is_told_so_and_an_account_links_and_unlinks(windows, window):
    page = windows().tab("/sign-in")
    page.get_by_role("link", name="Continue with Acme").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert").filter(has_text="You did not let Acme")).to_be_visible()

    mine = window("bob", "/account")
    mine.get_by_role("button", name="Link Acme").click()
    goes_through(mine, "dora")
    expect(mine.get_by_role("button", name="Unlink Acme")).to_be_visible()
    assert "proof" not in mine.url
    mine.get_by_role("button", name="Unlink Acme").click()
    expect(mine.get_by_role("button", name="Link Acme")).to_be_visible()
