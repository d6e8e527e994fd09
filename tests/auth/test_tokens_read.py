"""Reading tokens: what is remembered of them, for how long, and when they are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from collab.auth import tokens
from collab.auth.models import Session
from collab.auth.tokens import KNOWN_TOKENS, VERIFIED, RefreshClaims, TokenExpired
from collab.core.models import utcnow

from ..support.people import Person


@pytest.mark.parametrize(("left", "good"), [(60, True), (-1, False)], ids=["good", "over"])
def test_a_refresh_token_is_good_until_its_session_ends(app: Flask, left: int, good: bool) -> None:
    session = Session(id=5, user_id=1, expires_at=utcnow() + timedelta(seconds=left))
    with app.app_context():
        read = tokens.read_refresh_token(tokens.new_refresh_token(session, "its id"))
    assert read == (RefreshClaims(5, "its id") if good else None)


def test_an_access_token_that_is_remembered_expires_all_the_same(app: Flask, alice: Person) -> None:
    with app.app_context():
        claims = tokens.read_access_token(alice.token)
        assert tokens.read_access_token(alice.token) is claims
        over = replace(claims, expires=utcnow() - timedelta(seconds=1))
        VERIFIED.here()[alice.token] = over
        with pytest.raises(TokenExpired) as refusal:
            tokens.read_access_token(alice.token)
    assert refusal.value.claims == over


def test_of_the_tokens_that_are_remembered_the_oldest_go(app: Flask, alice: Person) -> None:
    with app.app_context():
        claims = tokens.read_access_token(alice.token)
        known = VERIFIED.here()
        known.clear()
        for number in range(KNOWN_TOKENS):
            known[str(number)] = claims
        tokens.read_access_token(alice.token)
        assert len(known) == KNOWN_TOKENS
        assert "0" not in known
        assert {"1", alice.token} <= known.keys()
