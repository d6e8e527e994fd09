"""Letting the grace of refresh tokens pass."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from collab.auth.models import Session
from collab.extensions import db


def age(app: Flask, seconds: float = 10) -> None:
    """Let the rotations of all sessions be so many seconds older; 10 are the grace."""
    with app.app_context():
        for one in db.session.scalars(select(Session)):
            one.retired = {key: at - seconds for key, at in one.retired.items()}
        db.session.commit()
