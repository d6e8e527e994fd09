"""Settings of providers: what makes one, and what stops the start."""

from __future__ import annotations

import pytest
from flask import Flask

from collab.config import ROOT, ConfigError, load
from collab.provider_settings import PARTS, RESERVED_NAMES, read

ACME = {"OAUTH_ACME_CLIENT_ID": "collab", "OAUTH_ACME_ISSUER": "https://login.acme.example/"}


def test_google_and_github_are_known_and_not_configured():
    found = read({"OAUTH_TOKEN": "of somebody else", "OAUTH_GOOGLE_CLIENT_ID": ""})
    assert {name: one.configured for name, one in found.items()} == {
        "google": False,
        "github": False,
    }


def test_any_provider_is_made_by_settings_alone():
    told = {"CLIENT_SECRET": "s", "LABEL": "Acme SSO", "SCOPES": "openid email groups"}
    acme = read(ACME | {f"OAUTH_ACME_{end}": one for end, one in told.items()})["acme"]
    assert (acme.label, acme.issuer) == ("Acme SSO", "https://login.acme.example")
    assert acme.scopes == "openid email groups"
    assert acme.configured
    assert "CLIENT_SECRET" not in repr(acme)
    assert "'s'" not in repr(acme)


def test_a_name_of_several_words_has_hyphens_in_addresses():
    found = read({"OAUTH_MY_CORP_CLIENT_ID": "x", "OAUTH_MY_CORP_ISSUER": "http://127.0.0.1:9"})
    assert (found["my-corp"].label, found["my-corp"].name) == ("My Corp", "my-corp")


BAD = {
    "no issuer": {"OAUTH_ACME_CLIENT_ID": "x"},
    "no id": {"OAUTH_GOOGLE_CLIENT_SECRET": "x"},
    "no secret": {"OAUTH_GITHUB_CLIENT_ID": "x"},
    "plain http": ACME | {"OAUTH_ACME_ISSUER": "http://login.acme.example"},
    "a password in the address": ACME | {"OAUTH_ACME_ISSUER": "https://a:b@acme.example"},
    "a query": ACME | {"OAUTH_ACME_ISSUER": "https://acme.example/?x=1"},
    "no address": ACME | {"OAUTH_ACME_METADATA_URL": "acme"},
    "a label of two lines": ACME | {"OAUTH_ACME_LABEL": "a\nb"},
    "scopes without openid": ACME | {"OAUTH_ACME_SCOPES": "email"},
    "no switch": ACME | {"OAUTH_ACME_TRUST_EMAIL": "perhaps"},
    "a reserved name": {"OAUTH_ME_CLIENT_ID": "x"},
    "a bad name": {"OAUTH_9X_CLIENT_ID": "x"},
    "a long name": {f"OAUTH_{'X' * 33}_CLIENT_ID": "x"},
    "an id of other letters": ACME | {"OAUTH_ACME_CLIENT_ID": "é"},
}


@pytest.mark.parametrize("settings", BAD.values(), ids=BAD.keys())
def test_a_bad_one_stops_the_start_with_its_name(settings):
    with pytest.raises(ConfigError, match=r"^OAUTH_\w+"):
        load(settings)


def test_a_secret_is_not_repeated_in_the_error():
    with pytest.raises(ConfigError) as refusal:
        load(ACME | {"OAUTH_ACME_CLIENT_SECRET": "señor"})
    assert "señor" not in str(refusal.value)


def test_no_provider_has_the_name_of_an_address_that_is_there(app: Flask):
    below = [rule.rule.removeprefix("/api/v1/auth/") for rule in app.url_map.iter_rules()]
    taken = {one.split("/")[0] for one in below if not one.startswith(("/", "<"))}
    assert taken <= RESERVED_NAMES


def test_each_is_on_the_page_about_settings():
    page = (ROOT / "docs" / "settings.md").read_text()
    for part in PARTS:
        assert f"| `OAUTH_<NAME>_{part.end}` | {part.meaning} |" in page
