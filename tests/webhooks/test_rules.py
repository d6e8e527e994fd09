"""Retries, patterns and signatures, each by itself."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Verifier

from collab.webhooks import signing
from collab.webhooks.patterns import matches
from collab.webhooks.sending.retries import (
    JITTER_SHARE,
    MAX_RETRY_AFTER,
    RETRY_DELAYS_S,
    asked_pause,
    pause,
)

from ..support.each import each

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_the_schedule_is_that_of_the_standard():
    pauses = [pause(attempts, None, lambda: 0.0) for attempts in range(1, 11)]
    told = [one and one.total_seconds() for one in pauses]
    assert told == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None]
    assert sum(RETRY_DELAYS_S) == timedelta(hours=75, minutes=35, seconds=5).total_seconds()


@given(st.integers(1, 9), st.floats(0, 1), st.integers(0, 10**9))
def test_a_pause_is_never_shorter_than_planned_nor_longer_than_bounded(attempts, random, asked_s):
    planned = RETRY_DELAYS_S[attempts - 1]
    found = pause(attempts, timedelta(seconds=asked_s), lambda: random)
    most = max(planned * (1 + JITTER_SHARE), MAX_RETRY_AFTER.total_seconds())
    assert planned <= found.total_seconds() <= most
    assert found.total_seconds() >= min(asked_s, MAX_RETRY_AFTER.total_seconds())


@each(
    [
        (429, "120", 120),
        (503, "0", 0),
        (503, "Mon, 02 Mar 2026 09:10:00 GMT", 600),
        (503, "Mon, 02 Mar 2026 08:00:00 GMT", 0),
        (503, "99999999999999999999", 86400),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", None),
        (500, "120", None),
        (503, "soon", None),
        (503, "-5", None),
        (503, "\u0661", None),
        (503, "Mon, 02 Mar 2026 09:10:00", None),
        (503, None, None),
    ]
)
def test_what_a_receiver_asks_for(status, header, seconds):
    found = asked_pause(status, header, NOW)
    if header == "Fri, 31 Dec 9999 23:59:59 GMT":
        assert pause(1, found, lambda: 0.0) == MAX_RETRY_AFTER
    else:
        assert found == (None if seconds is None else timedelta(seconds=seconds))


@each(
    [
        (["*"], "task.created", True),
        (["task.*"], "task.created", True),
        (["task.*"], "task.comment_edited", True),
        (["task.*"], "tasks.created", False),
        (["task.*"], "task", True),
        (["task.created"], "task.created", True),
        (["task.created"], "task.created.twice", False),
        (["task.comment_edited"], "task.comment.edited", True),
        (["file_changed"], "file.changed", True),
        (["file.*", "deploy.*"], "deploy.started", True),
        ([], "task.created", False),
    ]
)
def test_which_types_a_pattern_names(patterns, kind, wanted):
    assert matches(patterns, kind) is wanted


@given(st.binary(max_size=200), st.text("abc_-0", min_size=1, max_size=20))
def test_each_side_verifies_what_the_other_signs(body, message_id):
    secret, now = signing.new_secret(), datetime.now(UTC)
    text = body.hex()
    mine = signing.headers([secret], message_id, now, text.encode())
    theirs = Verifier(secret).sign(message_id, now, text)
    assert mine["webhook-signature"] == theirs
    signing.verify(secret, mine, text.encode(), now)


@each(
    [
        {"webhook-id": "other"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(int(NOW.timestamp()) - 301)},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-timestamp": "\u0661"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "nan"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,AAAA"},
    ]
)
def test_what_was_changed_or_is_too_old_is_refused(change):
    secret = signing.new_secret()
    told = signing.headers([secret], "msg_1", NOW, b"{}") | change
    with pytest.raises(signing.BadSignature):
        signing.verify(secret, told, b"{}", NOW)


def test_a_message_that_is_five_minutes_old_is_refused_though_its_signature_is_right():
    secret = signing.new_secret()
    told = signing.headers([secret], "msg_1", NOW, b"{}")
    signing.verify(secret, told, b"{}", NOW + timedelta(seconds=299))
    for later in (timedelta(seconds=301), timedelta(seconds=-301)):
        with pytest.raises(signing.BadSignature, match="five minutes"):
            signing.verify(secret, told, b"{}", NOW + later)


@each([signing.MIN_SECRET_BYTES, signing.MAX_SECRET_BYTES])
def test_a_secret_has_so_many_bytes(size):
    written = base64.b64encode(bytes(size)).decode()
    assert signing.key_of(signing.SECRET_PREFIX + written) == signing.key_of(written) == bytes(size)


@each(
    [
        "whsec_" + base64.b64encode(bytes(signing.MIN_SECRET_BYTES - 1)).decode(),
        "whsec_" + base64.b64encode(bytes(signing.MAX_SECRET_BYTES + 1)).decode(),
        "whsec_no base64",
        "whsec_é",
        "",
    ]
)
def test_what_can_be_no_secret_is_refused_with_a_sentence(secret):
    with pytest.raises(ValueError, match="base64"):
        signing.key_of(secret)
