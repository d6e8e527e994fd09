"""Personal tokens: made by their person, shown once, ended at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from collab.auth.personal_tokens import spelling
from collab.auth.personal_tokens.models import PersonalToken
from collab.core.models import utcnow
from collab.core.transactions.rights_epoch import RIGHTS_EPOCH
from collab.extensions import db

from ...support.people import PASSWORD, ok


def body(**changes):
    return {"name": "Script", "scopes": ["tasks:read"], "password": PASSWORD} | changes


def changed(app, **values):
    """Change a token by hand, past the service; what is remembered of it is forgotten."""
    with app.app_context():
        db.session.execute(update(PersonalToken).values(**values))
        db.session.commit()
    RIGHTS_EPOCH.of(app).move()


def kept(app):
    with app.app_context():
        return db.session.scalars(select(PersonalToken)).one()


class TestSpelling:
    def test_it_has_the_prefix_and_the_form_that_scanners_know(self):
        assert spelling.TOKEN_PATTERN.fullmatch(spelling.new())
        assert spelling.new() != spelling.new()

    def test_its_checksum_tells_it_from_what_only_looks_like_one(self):
        token = spelling.new()
        other = "0" if token[20] != "0" else "1"
        assert spelling.is_whole(token)
        assert not spelling.is_whole(token[:20] + other + token[21:])

    def test_the_checksum_is_as_documented(self):
        """CRC-32 of "123456789" is 0xCBF43926, which is 3XQ3aO in base 62 (GMP's digits)."""
        number = 0
        for digit in spelling.checksum("123456789"):
            number = number * 62 + spelling.BASE62_DIGITS.index(digit)
        assert number == 0xCBF43926


class TestMaking:
    def test_it_is_shown_once(self, alice):
        made = alice.makes_token("tasks:read")
        assert made["token"].startswith("collab_pat_")
        assert "collab_pat_" not in alice.get("/auth/tokens").text

    def test_the_database_has_its_digest_alone(self, app, alice):
        token = alice.makes_token("tasks:read")["token"]
        assert token not in vars(kept(app)).values()
        assert token[11:] not in str(vars(kept(app)))

    def test_it_wants_the_password_or_a_code(self, alice):
        answer = alice.post("/auth/tokens", {"name": "Script", "scopes": ["tasks:read"]})
        assert answer.status_code == 422
        assert alice.post("/auth/tokens", body(password="wrong")).status_code == 401

    @pytest.mark.parametrize(
        "wrong",
        [
            {"scopes": []},
            {"scopes": ["tasks:admin"]},
            {"scopes": ["auth:write"]},
            {"scopes": ["*"]},
            {"scopes": "tasks:read"},
            {"expires_in_days": 0},
            {"expires_in_days": 366},
            {"name": ""},
            {"user_id": 1},
            {"token": "collab_pat_mine"},
            {"expires_at": "2099-01-01T00:00:00Z"},
        ],
        ids=str,
    )
    def test_what_is_wrong_is_refused(self, alice, wrong):
        assert alice.post("/auth/tokens", body(**wrong)).status_code == 422

    def test_an_unknown_scope_is_told_which_one_may_be_meant(self, alice):
        answer = alice.post("/auth/tokens", body(scopes=["task:read"]))
        assert "`tasks:read`" in answer.json()["errors"][0]["detail"]

    def test_the_same_request_again_gets_the_same_token(self, alice):
        sent = [
            ok(alice.post("/auth/tokens", body(), headers={"Idempotency-Key": "once"}))
            for _ in range(2)
        ]
        assert sent[0] == sent[1]


class TestUsing:
    def test_it_lists_what_its_person_may_see(self, alice, script):
        task = alice.makes_task()
        assert [one["id"] for one in ok(script("tasks:read").get("/tasks"))["items"]] == [
            task["id"]
        ]

    def test_writing_includes_reading(self, script):
        ok(script("tasks:write").get("/tasks"))
        assert script("tasks:write").post("/tasks", {"title": "New"}).status_code == 201

    def test_one_that_is_no_good_is_refused_with_401(self, nobody):
        for token in (spelling.new(), "collab_pat_short", "collab_pat_"):
            answer = nobody.comes_with(token).get("/tasks")
            assert answer.json()["type"] == "/problems/personal-token-ended"

    def test_one_that_has_expired_is_refused(self, app, script):
        person = script("tasks:read")
        changed(app, expires_at=utcnow() - timedelta(seconds=1))
        assert person.get("/tasks").json()["type"] == "/problems/personal-token-ended"

    def test_its_use_is_noted_once_an_hour(self, app, alice, script):
        person = script("tasks:read")
        ok(person.get("/tasks"))
        first = kept(app).last_used_at
        ok(person.get("/tasks"))
        assert kept(app).last_used_at == first
        changed(app, last_used_at=first - timedelta(hours=1))
        ok(person.get("/tasks"))
        assert kept(app).last_used_at >= first

    def test_an_admins_has_no_admins_powers(self, ada, alice):
        alice.makes_task()
        token = ada.makes_token("tasks:write", "jobs:read")["token"]
        assert ada.comes_with(token).get("/tasks", params={"scope": "all"}).status_code == 403

    def test_where_all_may_read_one_that_lacks_the_scope_is_refused_too(self, script):
        assert script("tasks:read").get("/posts").status_code == 403

    def test_what_it_lacks_is_named(self, script):
        answer = script("tasks:read").post("/tasks", {"title": "New"})
        assert answer.json()["type"] == "/problems/insufficient-scope"
        assert 'scope="tasks:write"' in answer.headers["WWW-Authenticate"]

    def test_a_refusal_is_in_the_audit_with_its_person(self, ada, alice, script):
        script("tasks:read").get("/jobs")
        (row,) = ok(ada.get("/audit", params={"type": "access.refused"}))["items"]
        assert (row["actor"]["id"], row["data"]["status"]) == (alice.id, 403)


class TestEnding:
    def test_one_that_was_revoked_is_refused_at_once(self, alice):
        made = alice.makes_token("tasks:read")
        person = alice.comes_with(made["token"])
        ok(person.get("/tasks"))

        assert alice.delete(f"/auth/tokens/{made['id']}").status_code == 204

        assert person.get("/tasks").status_code == 401
        assert ok(alice.get("/auth/tokens"))["items"] == []
        assert alice.delete(f"/auth/tokens/{made['id']}").status_code == 404

    def test_disabling_ends_them_and_enabling_brings_none_back(self, ada, alice, script):
        person = script("tasks:read")
        for disabled in (True, False):
            ok(ada.patch(f"/users/{alice.id}", {"disabled": disabled}))
            assert person.get("/tasks").status_code == 401

    def test_an_admin_sees_them_in_outline_and_can_revoke_one(self, ada, alice, script):
        person = script("tasks:read")
        (shown,) = ok(ada.get(f"/users/{alice.id}/tokens"))["items"]
        assert (shown["name"], shown["scopes"]) == ("Script", ["tasks:read"])
        assert "token" not in shown

        ada.delete(f"/users/{alice.id}/tokens/{shown['id']}")

        assert person.get("/tasks").status_code == 401

    def test_making_and_revoking_are_in_the_audit(self, ada, alice):
        made = alice.makes_token("tasks:read")
        alice.delete(f"/auth/tokens/{made['id']}")
        found = ok(ada.get("/audit", params={"type": "account"}))["items"]
        kinds = [one["type"] for one in found][:2]
        assert kinds == ["account.token_revoked", "account.token_created"]

    def test_logging_out_everywhere_leaves_scripts_alone(self, alice, script):
        person = script("tasks:read")
        alice.post("/auth/logout-all")
        ok(person.get("/tasks"))
