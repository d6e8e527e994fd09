from collections.abc import Callable

import pytest

from ...support.authenticator import Authenticator
from ...support.factors import App, enrols
from ...support.made_once import made_once
from ...support.people import Person


@made_once
def app_of_alice(alice: Person) -> App:
    return enrols(alice)


@made_once
def laptop(alice: Person) -> Authenticator:
    made = Authenticator()
    made.is_added_by(alice)
    return made


@pytest.fixture
def audit(ada: Person) -> Callable[[str], list[dict]]:
    """Return a way to read the audit: `audit("login.refused")`, newest first."""
    return lambda kind: ada.get("/audit", params={"type": kind}).json()["items"]
