"""Access tokens whose life is not that of the setting."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_jwt_extended import create_access_token

from .people import Person, ok


def token_for(app: Flask, person: Person, life: timedelta) -> str:
    """Return a token of somebody's session that is good for as long, or was, if that is negative.

    Whole seconds are cut from a token's end.
    """
    session = ok(person.get("/auth/verify"))["session_id"]
    with app.app_context():
        return str(create_access_token(str(person.id), False, life, {"sid": session}))
