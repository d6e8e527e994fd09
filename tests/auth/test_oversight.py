"""What admins see of where people are signed in, and that they can end it."""

import pytest

from ..support.people import ok


@pytest.fixture
def bobs(bob):
    """Return bob in a second session, and its id."""
    again = bob.logs_in()
    return again, ok(again.get("/auth/verify"))["session_id"]


def test_an_admin_sees_where_everybody_is_signed_in(ada, alice, bobs):
    bob, key = bobs
    items = ok(ada.get("/sessions"))["items"]
    assert items[0]["id"] == key, "the newest first"
    assert {alice.id, bob.id, ada.id} <= {one["user_id"] for one in items}
    assert [one["user_id"] for one in items if one["current"]] == [ada.id]
    theirs = ok(ada.get(f"/sessions?user_id={bob.id}"))["items"]
    assert {one["user_name"] for one in theirs} == {bob.name.title()}
    assert key in {one["id"] for one in theirs}
    assert ok(ada.get("/sessions?address=192.0.2.200"))["items"] == []
    assert not {"token_digest", "newest_tokens", "retired"} & items[0].keys()


def test_pages_of_sessions_go_on(ada, bobs, alice):
    first = ok(ada.get("/sessions?limit=1"))
    second = ok(ada.get(f"/sessions?limit=1&cursor={first['next_cursor']}"))
    assert second["items"][0]["id"] < first["items"][0]["id"]


def test_what_an_admin_ends_has_ended_for_its_owner_who_sees_by_whom(ada, bob, bobs):
    again, key = bobs
    assert ada.delete(f"/sessions/{key}").status_code == 204
    assert again.get("/auth/me").status_code == 401
    assert bob.get("/auth/me").status_code == 200
    assert key not in {one["id"] for one in ok(ada.get("/sessions"))["items"]}
    told = ok(bob.get(f"/events?topic=user:{bob.id}"))["items"][-1]
    assert (told["type"], told["data"]["reason"]) == ("session.revoked", "ended by an admin")
    noted = ok(ada.get(f"/audit?type=session.revoked&actor={ada.id}"))["items"]
    assert [one["data"]["session_id"] for one in noted] == [key]


def test_what_has_ended_or_never_was_is_404(ada, bobs):
    _, key = bobs
    ok(ada.delete(f"/sessions/{key}"))
    assert ada.delete(f"/sessions/{key}").status_code == 404
    assert ada.delete("/users/999999/sessions").status_code == 404


def test_an_admin_ends_all_of_somebodys_sessions_and_nobody_elses(ada, alice, bob, bobs):
    again, _ = bobs
    assert ada.delete(f"/users/{bob.id}/sessions").status_code == 204
    assert {one.get("/auth/me").status_code for one in (bob, again)} == {401}
    assert alice.get("/auth/me").status_code == 200
    assert bob.logs_in().get("/auth/me").status_code == 200
