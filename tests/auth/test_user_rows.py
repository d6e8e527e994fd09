"""All accounts by their rows: how admins find and change them, and what the command line does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Executable, delete, insert, select, update

from collab.auth import guard, passwords, sessions, users
from collab.auth.accounts import disabling, known, oversight, ways_in
from collab.auth.accounts.ways_in import LastWayIn
from collab.auth.models import KnownNetwork, Session, User
from collab.auth.service import EmailTaken
from collab.auth.sessions import Client
from collab.auth.users import LastAdmin, OwnAccount
from collab.core.caller import Caller
from collab.core.database import TURNS, on_lock
from collab.core.errors import NotFound
from collab.core.models import utcnow
from collab.core.usage import quota
from collab.core.words.calling import call_key
from collab.events.models import EventRow
from collab.extensions import db

from ..support.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("inside")

HERE = Client("192.0.2.7", "a browser")
NEW = "another good one"
NOBODY = 10**6


@pytest.fixture
def boss(ada: Person) -> Caller:
    return guard.from_token(ada.token)


def told(*kinds: str) -> list[tuple[str, int | None, dict[str, Any]]]:
    db.session.rollback()  # it is kept, whatever becomes of the request
    query = select(EventRow).where(EventRow.type.in_(kinds)).order_by(EventRow.id)
    return [(row.type, row.actor, row.data) for row in db.session.scalars(query)]


def behind(user: User, **values: Any) -> None:
    """Change an account as another process does: what is loaded stays as it was."""
    change = User.__table__.update().where(User.id == user.id).values(**values)
    db.session.connection().execute(change)
    db.session.commit()
    assert db.session.get_one(User, user.id) is user


def listed(**asked: Any) -> list[str]:
    everything = {"q": None, "role": None, "disabled": None, "sort": "id"}
    page = users.list_users(**everything | asked, limit=100, cursor=None)
    return [one.name for one in page.items]


# -- finding --------------------------------------------------------------------------------------


def test_accounts_are_listed_by_what_is_asked_and_how(user: User, bob: Person) -> None:
    user.disabled_at = utcnow()
    db.session.get_one(User, bob.id).name = "Wonder"
    db.session.commit()
    everybody = ["Ada", "Alice", "Wonder", "Charlie", "Vera"]
    assert listed() == listed(q="") == everybody
    assert listed(sort="-email") == everybody[::-1]
    assert listed(q="ÁLICE@") == listed(disabled=True) == ["Alice"]
    assert listed(q="WÖNDER") == listed(q="bob") == ["Wonder"]
    assert listed(role="admin") == ["Ada"]
    assert listed(role="user", disabled=False) == ["Wonder", "Charlie", "Vera"]


def test_an_account_is_loaded_as_it_is_and_to_be_changed_under_the_lock(user: User) -> None:
    behind(user, name="Alison")
    assert users.load(user.id).name == "Alison"
    assert not TURNS.here().taken
    assert not user.to_admin
    assert users.load(user.id, to_change=True, to_admin=True).to_admin
    assert TURNS.here().taken
    with pytest.raises(NotFound):
        users.load(NOBODY)


def test_an_address_finds_its_account_in_any_spelling(user: User) -> None:
    assert users.find_by_email(" Alice@EXAMPLE.com ") is user
    assert users.find_by_email("nobody@example.com") is None


def test_of_two_accounts_with_one_mailbox_the_spelling_that_is_kept_finds_the_younger(
    user: User,
) -> None:
    behind(user, email="alice@xn--mnchen-3ya.de")
    assert known.address_of(" ALICE@xn--mnchen-3ya.de ") == "alice@xn--mnchen-3ya.de"
    assert known.address_of("BOB@xn--mnchen-3ya.de") == "bob@münchen.de"


def test_an_account_is_called_by_its_name_and_by_what_stands_before_the_at(user: User) -> None:
    user.email_verified_at = user.email_bounced_at = utcnow()
    assert user.email_verified
    user.name, user.email = "Dora Doe", "dora.doe@example.com"
    assert (user.handle, user.mailbox) == (call_key("Dora Doe"), call_key("dora.doe"))
    assert (user.email_verified, user.email_verified_at, user.email_bounced_at) == (
        False,
        None,
        None,
    )


def test_accounts_that_one_statement_makes_are_called_like_others(user: User) -> None:
    many = [{"email": "dora.doe@example.com", "name": "Dora Doe", "password_hash": ""}]
    db.session.execute(insert(User), many)
    found = users.find_by_email("dora.doe@example.com")
    assert found is not None
    assert (found.handle, found.mailbox) == (call_key("Dora Doe"), call_key("dora.doe"))


# -- changing -------------------------------------------------------------------------------------


def changed(user: User, boss: Caller, **changes: Any) -> User:
    return users.update(users.load(user.id, to_change=True, to_admin=True), changes, boss)


def test_whoever_is_disabled_stays_so_while_their_role_changes(user: User, boss: Caller) -> None:
    for changes in ({"disabled": True}, {"role": "admin"}, {"role": "user"}):
        assert changed(user, boss, **changes).disabled


def test_a_role_is_given_and_taken_and_told(user: User, boss: Caller) -> None:
    for role in ("admin", "admin", "user"):
        assert changed(user, boss, role=role).role == role
    assert told("account.role_changed") == [
        ("account.role_changed", boss.user_id, {"user_id": user.id, "role": role})
        for role in ("admin", "user")
    ]
    assert db.session.get_one(User, user.id, populate_existing=True).role == "user"


def test_an_account_is_disabled_with_its_sessions_and_enabled_without_them(
    user: User, boss: Caller, bob: Person
) -> None:
    before = utcnow()
    for disabled in (True, True, False, False):
        changed(user, boss, disabled=disabled)
        assert user.disabled is disabled
        assert user.disabled_at is None or before <= user.disabled_at <= utcnow()
    kinds = ("session.revoked", "account.disabled", "account.enabled")
    ended, *rest = told(*kinds)
    assert (ended[2]["user_id"], ended[2]["reason"]) == (user.id, "account disabled")
    assert rest == [(kind, boss.user_id, {"user_id": user.id}) for kind in kinds[1:]]
    left = set(db.session.scalars(select(Session.user_id).where(Session.revoked_at.is_(None))))
    assert bob.id in left
    assert user.id not in left


@pytest.mark.parametrize("fall", [{"role": "user"}, {"disabled": True}], ids=["role", "disabled"])
def test_an_admin_falls_only_by_another_admin(
    fall: dict[str, Any], user: User, boss: Caller, ada: Person
) -> None:
    mine = db.session.get_one(User, ada.id)
    behind(user, role="admin")
    changed(mine, boss, role="admin", disabled=False)
    with pytest.raises(OwnAccount):
        changed(mine, boss, **fall)
    changed(user, boss, **fall)
    # As if the last admin fell by one who was an admin when they came in.
    with pytest.raises(LastAdmin):
        changed(mine, replace(boss, user_id=user.id), **fall)
    assert db.session.get_one(User, ada.id, populate_existing=True).role == "admin"


class Endings:
    """What goes on for somebody: it ends in so many parts."""

    def __init__(self, app: Flask, parts: int) -> None:
        self.left, self.locks = parts, 0
        self.asked: list[tuple[int, int, int]] = []
        self.transactions: list[object] = []
        on_lock(app, self._counts)
        disabling.on_disabled(app, self)

    def _counts(self, _: Connection) -> None:
        self.locks += 1

    def __call__(self, user_id: int, actor: int) -> bool:
        assert quota.ESSENTIAL_NOTE in db.session().info, "what ends passes a full quota"
        self.asked.append((user_id, actor, self.locks))
        self.transactions.append(db.session().get_transaction())
        self.left -= 1
        # Written in the transaction of its part.
        db.session.execute(update(User).where(User.id == actor).values(name=str(self.left)))
        return self.left > 0


def test_what_goes_on_for_somebody_ends_part_by_part_before_they_are_disabled(
    make_app: Callable[..., Flask], user: User, boss: Caller
) -> None:
    app = make_app()
    with app.app_context():
        endings = Endings(app, 3)
        mine = users.load(user.id, to_change=True, to_admin=True)
        done = users.update(mine, {"disabled": True}, boss)
        assert endings.asked == [(user.id, boss.user_id, locks) for locks in (1, 2, 3)]
        assert len({*endings.transactions}) == 3
        assert (done.disabled, done.to_admin) == (True, True)
        db.session.rollback()
        assert db.session.get_one(User, boss.user_id, populate_existing=True).name == "0"
        endings.asked.clear()
        users.update(users.load(user.id, to_change=True), {"disabled": True}, boss)
        assert endings.asked == [], "whoever is disabled has nothing that goes on"


def test_of_the_last_admin_nothing_ends(make_app: Callable[..., Flask], boss: Caller) -> None:
    app = make_app()
    with app.app_context():
        endings = Endings(app, 1)
        with pytest.raises(OwnAccount):
            users.update(users.load(boss.user_id, to_change=True), {"disabled": True}, boss)
        assert endings.asked == []


# -- the command line -----------------------------------------------------------------------------


def test_an_admins_account_is_made_and_told_by_nobody(ada: Person) -> None:
    made = users.create_admin(" Dora@Example.com", PASSWORD)
    account = {"user_id": made.id, "role": "admin"}
    assert told("account.role_changed") == [("account.role_changed", None, account)]
    found = db.session.get_one(User, made.id, populate_existing=True)
    assert (found.email, found.role, found.name) == ("dora@example.com", "admin", "dora")
    assert passwords.check_password(PASSWORD, found.password_hash)


def test_no_admin_is_made_of_an_address_that_is_taken(user: User) -> None:
    with pytest.raises(EmailTaken):
        users.create_admin("ALICE@example.com", PASSWORD)
    assert not TURNS.here().taken


def test_an_account_becomes_an_admins_once(user: User) -> None:
    assert users.promote(user) is True
    account = {"user_id": user.id, "role": "admin"}
    assert told("account.role_changed") == [("account.role_changed", None, account)]
    assert db.session.get_one(User, user.id, populate_existing=True).role == "admin"
    behind(user, role="user")
    assert user.role == "admin", "as it was, for who does not look again"
    assert users.promote(user) is True
    assert users.promote(user) is False


def test_a_password_that_is_set_ends_all_sessions_and_forgets_all_networks(
    user: User, bob: Person
) -> None:
    sessions.start(user, HERE)
    sessions.start(db.session.get_one(User, bob.id), HERE)
    db.session.commit()
    ended = users.set_password(user, NEW)
    assert ended == len(told("session.revoked")) == 2
    account = {"user_id": user.id}
    assert told("account.password_changed") == [("account.password_changed", None, account)]
    assert passwords.check_password(NEW, user.password_hash)
    reasons = {data["reason"] for _, _, data in told("session.revoked")}
    assert reasons == {"password changed"}
    known_ones = set(db.session.scalars(select(KnownNetwork.user_id)))
    assert bob.id in known_ones
    assert user.id not in known_ones


# -- where people are signed in -------------------------------------------------------------------


def signed_in(caller: Caller, **asked: Any) -> list[Any]:
    everything = {"user_id": None, "address": None, "sort": "-id"}
    page = oversight.list_sessions(caller, **everything | asked, limit=100, cursor=None)
    return list(page.items)


def test_the_sessions_that_are_good_are_seen_with_whose_they_are(
    user: User, bob: Person, boss: Caller
) -> None:
    ended, over = sessions.start(user, HERE), sessions.start(user, HERE)
    db.session.commit()
    mine = db.session.scalars(select(Session).where(Session.address == HERE.address)).all()
    assert len(mine) == len([ended, over])
    mine[0].revoked_at, mine[1].expires_at = utcnow(), utcnow()
    db.session.commit()
    assert signed_in(boss, address=HERE.address) == []
    (alices,) = signed_in(boss, user_id=user.id)
    assert (alices.user_name, alices.current, alices.user_id) == ("Alice", False, user.id)
    sessions.start(user, HERE)
    db.session.commit()
    assert [one.user_id for one in signed_in(boss, address=HERE.address)] == [user.id]
    everybodys = signed_in(boss)
    assert [one.id for one in everybodys] == sorted((one.id for one in everybodys), reverse=True)
    assert [one.user_id for one in everybodys if one.current] == [boss.user_id]
    assert {user.id, bob.id, boss.user_id} <= {one.user_id for one in everybodys}


def test_an_admin_ends_one_session_once_and_it_is_kept(user: User, boss: Caller) -> None:
    (alices,) = signed_in(boss, user_id=user.id)
    oversight.end_session(boss, alices.id)
    (row,) = told("session.revoked")
    assert (row[1], row[2]["session_id"]) == (boss.user_id, alices.id)
    assert row[2]["reason"] == "ended by an admin"
    assert signed_in(boss, user_id=user.id) == []
    with pytest.raises(NotFound):
        oversight.end_session(boss, alices.id)


def test_an_admin_ends_all_sessions_of_somebody_there_is(user: User, boss: Caller) -> None:
    sessions.start(user, HERE)
    db.session.commit()
    oversight.end_all(boss, user.id)
    rows = told("session.revoked")
    assert [(actor, data["user_id"], data["reason"]) for _, actor, data in rows] == [
        (boss.user_id, user.id, "ended by an admin")
    ] * 2
    assert signed_in(boss, user_id=user.id) == []
    with pytest.raises(NotFound):
        oversight.end_all(boss, NOBODY)


# -- what others do meanwhile ---------------------------------------------------------------------


@pytest.fixture
def overtaken(make_app: Callable[..., Flask]) -> Iterator[Callable[[Executable], None]]:
    """Return a way to have something done whenever the lock has been taken, as by another."""
    app, done = make_app(), [select(1)]
    on_lock(app, lambda connection: connection.execute(done[0]) and None)
    with app.app_context():
        yield partial(done.__setitem__, 0)


def test_what_an_admin_or_the_command_line_changes_is_looked_up_under_the_lock(
    overtaken: Callable[[Executable], None], user: User, boss: Caller
) -> None:
    key = user.id
    (alices,) = signed_in(boss, user_id=key)
    overtaken(update(User).where(User.id == key).values(role="admin"))
    assert users.promote(user) is False
    overtaken(update(User).where(User.id == key).values(email="dora@example.com"))
    with pytest.raises(EmailTaken):
        users.create_admin("dora@example.com", PASSWORD)
    overtaken(update(Session).values(revoked_at=utcnow()))
    with pytest.raises(NotFound):
        oversight.end_session(boss, alices.id)
    db.session.rollback()
    overtaken(delete(User).where(User.id == key))
    with pytest.raises(NotFound):
        oversight.end_all(boss, key)


# -- the ways in ----------------------------------------------------------------------------------


def test_who_proves_that_an_unverified_address_is_theirs_closes_what_others_opened(
    make_app: Callable[..., Flask], user: User
) -> None:
    app, closed = make_app(), []
    ways_in.on_owner_proved(app, closed.append)
    with app.app_context():
        user.email_verified_at = utcnow()
        ways_in.owner_proved(user)
        assert closed == []
        user.email_verified_at = None
        ways_in.owner_proved(user)
    assert closed == [user.id]


def test_one_way_into_an_account_must_be_left(make_app: Callable[..., Flask], user: User) -> None:
    app, ways = make_app(), {user.id: 0}
    ways_in.count(app, ways.__getitem__)
    with app.app_context():
        mine = db.session.get_one(User, user.id)
        ways_in.require_one(mine)
        mine.password_hash = ""
        with pytest.raises(LastWayIn):
            ways_in.require_one(mine)
        ways[user.id] = 1
        ways_in.require_one(mine)
