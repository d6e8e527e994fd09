import pytest

from ...support.people import Person, ok


@pytest.fixture
def script(alice: Person):
    """Return a maker of scripts of Alice's: `script("tasks:read")`."""
    return lambda *scopes: alice.comes_with(alice.makes_token(*scopes)["token"])


@pytest.fixture
def all_scopes(alice: Person) -> list[str]:
    return [one["name"] for one in ok(alice.get("/auth/tokens/scopes"))["scopes"]]
