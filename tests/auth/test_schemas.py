"""What fields of accounts take: passwords, codes, what a passkey has signed, and a cookie."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError, fields

from collab.auth.factors.ceremonies import MAX_CREDENTIAL_BYTES
from collab.auth.factors.schemas import MAX_CODE_LENGTH, code_field, credential_field
from collab.auth.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from collab.auth.schemas import SignedInOut, known_password, new_password, wants_cookie
from collab.core.schemas import Schema

LEAST, MOST = "x" * MIN_PASSWORD_LENGTH, "x" * MAX_PASSWORD_LENGTH


def loaded(field: fields.Field, *value: Any) -> Any:
    """Return what a field makes of a value, or of none."""
    schema = Schema.from_dict({"it": field})
    return schema().load({"it": value[0]} if value else {}).get("it", "nothing")


def refused(field: fields.Field, *value: Any) -> list[str]:
    with pytest.raises(ValidationError) as refusal:
        loaded(field, *value)
    found: list[str] = refusal.value.messages["it"]
    return found


def shown(field: fields.Field) -> Any:
    return Schema.from_dict({"it": field})().dump({"it": "a secret"})


def test_a_new_password_is_required_and_has_its_length_as_it_is_compared() -> None:
    assert loaded(new_password(), LEAST) == LEAST
    assert loaded(new_password(), MOST) == MOST
    # 'a' and an accent are one character, and so are the eight of them.
    assert loaded(new_password(), "a\u0301" * MAX_PASSWORD_LENGTH) == "á" * MAX_PASSWORD_LENGTH
    for wrong in (LEAST[1:], MOST + "x", "a\u0301" * (MIN_PASSWORD_LENGTH - 1)):
        assert "between 8 and 128" in refused(new_password(), wrong)[0]
    assert refused(new_password())
    assert refused(new_password(), None)


def test_a_known_password_may_be_of_any_length_that_there_ever_was() -> None:
    for good in ("x", "x" * 1024):
        assert loaded(known_password(), good) == good
    for wrong in ("", "x" * 1025):
        assert refused(known_password(), wrong)
    assert refused(known_password())
    assert loaded(known_password(load_default=None)) is None


@pytest.mark.parametrize(
    "field",
    [new_password, known_password, code_field, credential_field],
    ids=lambda one: one.__name__,
)
def test_what_is_secret_is_never_shown(field: Any) -> None:
    assert shown(field()) == {}


@pytest.mark.parametrize("field", [new_password, known_password])
def test_forms_that_are_made_of_the_api_hide_passwords(field: Any) -> None:
    assert field().metadata.keys() == {"format", "example"}
    assert field().metadata["format"] == "password"


def test_a_code_may_have_spaces_and_says_what_it_is() -> None:
    for good in ("1", "1" * MAX_CODE_LENGTH):
        assert loaded(code_field(), good) == good
    for wrong in ("", "1" * (MAX_CODE_LENGTH + 1)):
        assert refused(code_field(), wrong)
    assert loaded(code_field(load_default=None)) is None
    assert code_field().metadata.keys() == {"example", "description"}


def test_what_a_passkey_has_signed_is_an_object_of_a_bounded_size() -> None:
    good = {"id": "x" * (MAX_CREDENTIAL_BYTES // 2)}
    assert loaded(credential_field(), good) == good
    large = refused(credential_field(), {"id": "x" * MAX_CREDENTIAL_BYTES})
    assert large == [f"Must be at most {MAX_CREDENTIAL_BYTES:,} bytes."]
    assert refused(credential_field(), ["id"])
    assert refused(credential_field(required=True))
    assert credential_field().metadata.keys() == {"example", "description"}


def test_a_cookie_is_asked_for_by_true_alone() -> None:
    assert [loaded(wants_cookie(), one) for one in (True, False)] == [True, False]
    assert loaded(wants_cookie()) is False
    assert refused(wants_cookie(), "true")
    assert "HttpOnly" in wants_cookie().metadata["description"]


def test_a_refresh_token_that_the_cookie_has_is_left_out() -> None:
    tokens = {"access_token": "a", "refresh_token": None, "notice": None}
    assert SignedInOut().dump(tokens) == {"access_token": "a", "notice": None}
    assert SignedInOut().dump(tokens | {"refresh_token": "r"})["refresh_token"] == "r"
    assert "refresh_token" not in SignedInOut().dump({"access_token": "a"})
