from ..support.people import ok


def test_sessions_come_in_pages_the_latest_used_first(alice):
    phones = [alice.logs_in() for _ in range(3)]

    first = alice.get("/auth/sessions?limit=3")
    rest = alice.get(f"/auth/sessions?limit=3&cursor={ok(first)['next_cursor']}")

    seen = ok(first)["items"] + ok(rest)["items"]
    used = [one["last_used_at"] for one in seen]
    assert len({one["id"] for one in seen}) == len(phones) + 1
    assert used == sorted(used, reverse=True)
    assert 'rel="next"' in first.headers["Link"]
    assert ok(rest)["next_cursor"] is None
