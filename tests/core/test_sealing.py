"""Secrets that are kept are sealed, for one use each, under a key that can be replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from collab.auth.factors.models import Totp
from collab.auth.factors.totp import SECRET_PURPOSE
from collab.core import sealing
from collab.core.sealing import Unsealable, seal, unseal
from collab.core.security.keys import Kept, KeyRing, read_kept, write_kept
from collab.extensions import db

from ..support.people import Person

PLAIN = "JBSWY3DPEHPK3PXP"
#: An application with a key of its own is lent to no other test: these are given other rings.
OWN_KEY = {"SEALING_KEY": "a key that only these tests know, long enough"}


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def test_what_was_sealed_is_unsealed() -> None:
    assert unseal(seal(PLAIN, purpose="totp"), purpose="totp") == PLAIN


@pytest.mark.parametrize("plain", ["", "é\x00🦊", "x" * 200_000], ids=["none", "odd", "long"])
def test_any_text_can_be_sealed(plain: str) -> None:
    assert unseal(seal(plain, purpose="totp"), purpose="totp") == plain


def test_what_is_sealed_shows_nothing_and_never_looks_alike() -> None:
    one, other = (seal(PLAIN, purpose="totp") for _ in range(2))
    assert PLAIN not in one
    assert one != other


@pytest.mark.parametrize("sealed", ["", "x", PLAIN, "....", "a.b.c.d.e"])
def test_what_was_not_sealed_is_not_unsealed(sealed: str) -> None:
    with pytest.raises(Unsealable):
        unseal(sealed, purpose="totp")


def test_another_purpose_opens_nothing() -> None:
    with pytest.raises(Unsealable):
        unseal(seal(PLAIN, purpose="totp"), purpose="webhook")


# -- rings ----------------------------------------------------------------------------------------


def ring_of(app: Flask, path: Path) -> KeyRing:
    """Give an application a ring that a file keeps, and return it."""
    from collab.core.security import RINGS

    ring = KeyRing((), path)
    RINGS.of(app)["SEALING_KEY"] = ring
    return ring


@pytest.fixture
def kept(make_app, tmp_path: Path) -> Iterator[Path]:
    """Return the file of the ring with which the code of a test seals."""
    app = make_app(**OWN_KEY)
    ring_of(app, tmp_path / "sealing_key")
    with app.app_context():
        yield tmp_path / "sealing_key"


def test_after_a_rotation_the_old_opens_and_the_new_seals(kept: Path) -> None:
    old = seal(PLAIN, purpose="totp")
    write_kept(kept, [Kept("the newer key, also long enough"), *read_kept(kept)])
    sealing.RINGS.here()["SEALING_KEY"].look_again()

    new = seal(PLAIN, purpose="totp")

    assert [unseal(one, purpose="totp") for one in (old, new)] == [PLAIN, PLAIN]
    write_kept(kept, read_kept(kept)[:1])
    sealing.RINGS.here()["SEALING_KEY"].look_again()
    assert unseal(new, purpose="totp") == PLAIN
    with pytest.raises(Unsealable):
        unseal(old, purpose="totp")


def test_what_another_process_sealed_with_a_newer_key_opens_at_once(
    kept: Path, make_app, tmp_path: Path
) -> None:
    """No process is told of a rotation: the token names a key, and the file is looked at."""
    seal(PLAIN, purpose="totp")
    other = make_app(**OWN_KEY)
    write_kept(kept, [Kept("the newer key, also long enough"), *read_kept(kept)])
    ring_of(other, kept)
    with other.app_context():
        theirs = seal(PLAIN, purpose="totp")
    assert unseal(theirs, purpose="totp") == PLAIN


def test_a_file_that_is_gone_leaves_the_ring_as_it_was(kept: Path) -> None:
    sealed = seal(PLAIN, purpose="totp")
    kept.unlink()
    sealing.RINGS.here()["SEALING_KEY"].look_again()
    assert unseal(sealed, purpose="totp") == PLAIN


def test_keys_of_settings_open_with_the_fallbacks(make_app) -> None:
    first, second = "the first key, which is long enough", "the second key, also long enough"
    with make_app(SEALING_KEY=first).app_context():
        sealed = seal(PLAIN, purpose="totp")
    with make_app(SEALING_KEY=second, SEALING_KEY_FALLBACKS=f"x{first}|{first}").app_context():
        assert unseal(sealed, purpose="totp") == PLAIN


@pytest.fixture
def seeded(kept: Path, alice: Person) -> Totp:
    """Return a row with what is sealed under a key that has been replaced."""
    made = Totp(user_id=alice.id, secret=seal(PLAIN, purpose=SECRET_PURPOSE))
    db.session.add(made)
    db.session.commit()
    write_kept(kept, [Kept("the newer key, also long enough"), *read_kept(kept)])
    sealing.RINGS.here()["SEALING_KEY"].look_again()
    return made


def test_what_an_older_key_sealed_is_sealed_again_so_that_it_can_be_forgotten(
    seeded: Totp, kept: Path
) -> None:
    assert sealing.is_any_old()
    assert sealing.reseal() == 1
    assert not sealing.is_any_old()
    write_kept(kept, read_kept(kept)[:1])
    sealing.RINGS.here()["SEALING_KEY"].look_again()
    db.session.refresh(seeded)
    assert unseal(seeded.secret, purpose=SECRET_PURPOSE) == PLAIN


def test_what_the_newest_key_sealed_stays_as_it_is(seeded: Totp) -> None:
    sealing.reseal()
    db.session.refresh(seeded)
    before = seeded.secret
    assert sealing.reseal() == 0
    db.session.refresh(seeded)
    assert seeded.secret == before


def test_what_no_key_opens_is_not_passed_over(seeded: Totp, kept: Path) -> None:
    """Then an older key must not be forgotten."""
    write_kept(kept, read_kept(kept)[:1])
    sealing.RINGS.here()["SEALING_KEY"].look_again()
    with pytest.raises(Unsealable):
        sealing.reseal()
