"""Blocks as rows: who is kept out by whom, how many there may be, and what stays of a refusal."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select

from collab.auth import blocks
from collab.auth.blocks import MAX_BLOCKS, OwnAccount, TooManyBlocks
from collab.auth.models import Block, User
from collab.core.caller import Caller
from collab.core.errors import NotFound
from collab.core.models import utcnow
from collab.extensions import db

from ..support.people import Person

pytestmark = pytest.mark.usefixtures("inside")

#: An id that no account has.
NOBODY = 999


def caller(person: Person) -> Caller:
    return Caller(person.id, 1, person.name, person.email, False, utcnow())


def rows() -> list[tuple[int, int]]:
    """Return who has blocked whom, as others see it."""
    db.session.rollback()
    return [(one.user_id, one.blocked_id) for one in db.session.scalars(select(Block))]


def listed(person: Person, sort: str = "user_id") -> list[int]:
    page = blocks.list_blocks(caller(person), sort=sort, cursor=None, limit=10)
    return [one.blocked_id for one in page.items]


def test_a_block_is_kept_once_and_goes_one_way(alice: Person, bob: Person) -> None:
    blocks.block(caller(alice), bob.id)
    blocks.block(caller(alice), bob.id)
    assert rows() == [(alice.id, bob.id)]
    assert blocks.has_blocked(alice.id, bob.id)
    assert not blocks.has_blocked(bob.id, alice.id)


def test_a_query_may_ask_who_has_blocked_whom(alice: Person, bob: Person, vera: Person) -> None:
    blocks.block(caller(alice), bob.id)
    by_alice = select(User.id).where(blocks.blocked(alice.id, User.id))
    of_bob = select(User.id).where(blocks.blocked(User.id, bob.id))
    assert db.session.scalars(by_alice).all() == [bob.id]
    assert db.session.scalars(of_bob).all() == [alice.id]


def test_nobody_blocks_themselves(alice: Person) -> None:
    with pytest.raises(OwnAccount):
        blocks.block(caller(alice), alice.id)
    assert rows() == []


def test_who_has_no_account_is_not_found(alice: Person) -> None:
    with pytest.raises(NotFound):
        blocks.block(caller(alice), NOBODY)


def test_the_last_place_is_taken_and_no_more_and_others_have_their_own(
    alice: Person, bob: Person, vera: Person
) -> None:
    many = range(1000, 1000 + MAX_BLOCKS - 1)
    people = [
        {"id": key, "email": f"{key}@spam.example", "name": "x", "password_hash": ""}
        for key in many
    ]
    db.session.execute(insert(User), people)
    db.session.execute(insert(Block), [{"user_id": alice.id, "blocked_id": key} for key in many])
    db.session.commit()
    blocks.block(caller(alice), bob.id)
    with pytest.raises(TooManyBlocks):
        blocks.block(caller(alice), vera.id)
    blocks.block(caller(alice), bob.id)  # changes nothing, and is not refused
    blocks.block(caller(bob), vera.id)
    db.session.rollback()
    count = select(func.count()).select_from(Block)
    assert db.session.scalar(count) == MAX_BLOCKS + 1


def test_a_block_is_taken_back_for_good_and_once(alice: Person, bob: Person) -> None:
    blocks.block(caller(alice), bob.id)
    blocks.unblock(caller(alice), bob.id)
    assert rows() == []
    with pytest.raises(NotFound):
        blocks.unblock(caller(alice), bob.id)


def test_nobody_takes_back_what_others_have_blocked(
    alice: Person, bob: Person, vera: Person
) -> None:
    blocks.block(caller(alice), bob.id)
    blocks.block(caller(vera), bob.id)
    with pytest.raises(NotFound):
        blocks.unblock(caller(bob), alice.id)
    blocks.unblock(caller(vera), bob.id)
    assert rows() == [(alice.id, bob.id)]


def test_each_sees_their_own_blocks_in_the_order_that_they_ask_for(
    alice: Person, bob: Person, vera: Person
) -> None:
    for one in (vera, bob):
        blocks.block(caller(alice), one.id)
    blocks.block(caller(bob), vera.id)
    assert listed(alice) == [bob.id, vera.id]
    assert listed(alice, "-user_id") == [vera.id, bob.id]
    assert listed(alice, "created_at") == [vera.id, bob.id]
    assert listed(vera) == []
