"""The whole way through a real OpenID provider (npm oidc-provider), which insists on PKCE.

Every hop is a request of an HTTP client: to the provider, through its log-in and its question
whether we may know, and back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from ..support.openid import told_by
from ..support.people import PASSWORD, Person, ok
from ..support.servers import PLAIN


class Visitor:
    """Somebody's browser at the provider: follows redirects, and fills in its forms."""

    def __init__(self, account: str) -> None:
        self.account, self.http = account, httpx.Client(**PLAIN)

    def goes(self, address: str, *, agrees: bool = True) -> str:
        """Go through the provider; returns the address at which it sends us back."""
        answer = self.http.get(address)
        for _ in range(20):
            if not answer.is_redirect:
                answer = self._fills_in(answer, agrees=agrees)
                continue
            address = urljoin(str(answer.url), answer.headers["Location"])
            if urlsplit(address).netloc == "collab.test":
                return address
            answer = self.http.get(address)
        raise AssertionError("the provider never sends us back")

    def _fills_in(self, page: httpx.Response, *, agrees: bool) -> httpx.Response:
        assert page.status_code == 200, page.text
        if not agrees and (abort := re.search(r'href="([^"]*/abort)"', page.text)):
            return self.http.get(urljoin(str(page.url), abort[1]))
        action = re.search(r'action="([^"]+)"', page.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
        assert action is not None, page.text
        assert prompt is not None, page.text
        sent = {"prompt": prompt[1], "login": self.account, "password": "any"}
        return self.http.post(urljoin(str(page.url), action[1]), data=sent)


@pytest.fixture
def visitors() -> Iterator[dict[str, Visitor]]:
    """Return people's browsers at the provider, by the names that they have there."""
    made = {name: Visitor(name) for name in ("dora", "alice", "mallory")}
    yield made
    for one in made.values():
        one.http.close()


def asked(http: httpx.Client) -> str:
    """Begin to sign in, and return where the provider asks."""
    return str(http.get("/auth/acme").headers["Location"])


def test_somebody_signs_in_through_all_redirects(http, visitors):
    back = visitors["dora"].goes(asked(http))
    body = ok(http.get(back))
    assert (body["user"]["email"], body["user"]["name"]) == ("dora@example.com", "Dora Elsewhere")
    again = ok(http.get(visitors["dora"].goes(asked(http))))
    assert again["user"]["id"] == body["user"]["id"]


def test_the_provider_insists_on_pkce(http, visitors):
    without = re.sub(r"&code_challenge(_method)?=[^&]*", "", asked(http))
    back = visitors["dora"].goes(without)
    assert told_by(back)["error"] == "invalid_request"
    answer = http.get(back)
    assert (answer.status_code, answer.json()["type"]) == (502, "/problems/provider-failed")


def test_a_code_is_replayed_in_vain(http, visitors, other_browser):
    """Somebody saw the address at which the provider sent the person back."""
    back = visitors["dora"].goes(asked(http))
    ok(http.get(back))
    assert http.get(back).status_code == 400
    state = told_by(asked(other_browser))["state"]
    code, issuer = told_by(back)["code"], told_by(back)["iss"]
    query = {"state": state, "code": code, "iss": issuer}
    assert other_browser.get("/auth/acme/callback", params=query).status_code == 400


def test_who_declines_is_told_so_kindly(http, visitors):
    back = visitors["dora"].goes(asked(http), agrees=False)
    answer = http.get(back)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/provider-declined")


def test_an_address_that_the_provider_has_not_verified_takes_over_nothing(http, visitors, verified):
    answer = http.get(visitors["mallory"].goes(asked(http)))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/password-needed")


def test_whoever_is_signed_in_links_it(http, visitors, alice: Person):
    answer = ok(alice.post("/auth/acme/link", {"password": PASSWORD}))
    back = ok(http.get(visitors["alice"].goes(answer["authorization_url"])))
    assert ok(alice.post("/auth/me/identities", {"proof": back["proof"]}))["provider"] == "acme"
    assert ok(http.get(visitors["alice"].goes(asked(http))))["user"]["id"] == alice.id
