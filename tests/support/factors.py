"""Authenticator apps, and log-ins in two steps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp

from .people import PASSWORD, Person, ok

STEP_S = 30


@dataclass
class App:
    """Somebody's authenticator app, and the recovery codes that came with it."""

    secret: str
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, ahead: int = 1) -> str:
        """Return a code; that of the next step is good for a minute, so that no test is too slow.

        It is the one code that is good and was not used: the app was confirmed with the present.
        """
        return str(pyotp.TOTP(self.secret).generate_otp(int(time.time()) // STEP_S + ahead))

    def wrong_code(self) -> str:
        """Return a code that is none of those that are good now or soon."""
        good = {self.code(ahead) for ahead in range(-2, 4)}
        return next(one for one in map("{:06}".format, range(9)) if one not in good)


def enrols(person: Person) -> App:
    """Give somebody an app."""
    begun = ok(person.post("/auth/totp", {"password": PASSWORD}))
    app = App(begun["secret"])
    answer = person.post("/auth/totp/confirm", {"code": app.code(0)})
    app.recovery_codes = ok(answer)["recovery_codes"]
    return app


def asked(nobody: Person, person: Person, password: str = PASSWORD) -> dict[str, Any]:
    """Log in with the password; returns what is asked for."""
    answer = nobody.post("/auth/login", {"email": person.email, "password": password})
    assert answer.status_code == 401, answer.text
    found: dict[str, Any] = answer.json()["second_factor"]
    return found


def finishes(nobody: Person, proof: str, **shown: Any) -> httpx.Response:
    """Send the proof and what is shown beside it."""
    return nobody.post("/auth/login/second-factor", {"proof": proof} | shown)


def logs_in(nobody: Person, person: Person, code: str) -> httpx.Response:
    """Log in in both steps."""
    return finishes(nobody, asked(nobody, person)["proof"], code=code)
