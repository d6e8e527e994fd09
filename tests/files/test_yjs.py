"""Yjs editors: kept the same as the text, by those alone who may."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from collab.events.close_codes import FORBIDDEN_CLOSURE, TOKEN_ENDED, TOKEN_EXPIRED, is_final
from collab.files.yjs import protocol
from collab.files.yjs.awareness import MAX_EDITORS, MAX_STATE_BYTES
from collab.files.yjs.budget import BUDGET, MAX_MESSAGE_BYTES
from collab.files.yjs.editor import MAX_AWARENESS_BYTES
from collab.files.yjs.protocol import STEP_1, UPDATE, State
from collab.realtime.transport.live import LIVE

from ..support.each import each
from ..support.people import Person, ok
from ..support.sockets import Socket
from ..support.tokens import token_for
from ..support.waiting import eventually
from ..support.yjs import YjsEditor

Connect = Callable[..., Socket]
Yjs = Callable[..., YjsEditor]


@pytest.fixture
def text(abc: int) -> int:
    """Return alice's text: `abc`, in version 1."""
    return abc


def content(connect: Connect, who: Person, text: int) -> str:
    opened = connect(who).ask("file.open", file_id=text)
    return str(opened["content"])


@each(["/yjs/{}", "/api/v1/files/{}/yjs", "/api/v1/yjs/{}", "/yjs/{}/"])
def test_an_editor_gets_the_text(path: str, *, text: int, bob: Person, yjs: Yjs) -> None:
    assert str(yjs(bob, text, path=path).sync().text) == "abc"


def test_two_editors_and_a_socket_edit_together(
    text: int, alice: Person, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    one, other = yjs(alice, text).sync(), yjs(bob, text).sync()
    one.edit(3, "😀")
    other.expect_text("abc😀")
    other.edit(0, "> ", 1)
    one.expect_text("> bc😀")
    edit = {"file_id": text, "base_version": 3, "edits": [{"retain": 6}, {"insert": "!"}]}
    assert connect(bob).ask("file.edit", **edit)["type"] == "file.accepted"
    one.expect_text("> bc😀!")
    other.expect_text("> bc😀!")
    assert content(connect, bob, text) == "> bc😀!"


def test_what_was_edited_offline_arrives(
    text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    first = yjs(bob, text).sync()
    first.close()
    first.text += "def"
    later = yjs(bob, text)
    later.doc, later.text = first.doc, first.text
    later.sync().sync()
    assert content(connect, bob, text) == "abcdef"


def test_an_editor_whose_beginning_was_lost_is_asked_for_all(
    text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    lost = editor.send
    editor.send = lambda data: None  # type: ignore[method-assign]
    editor.edit(3, "d")
    editor.send = lost  # type: ignore[method-assign]
    editor.edit(4, "e")
    editor.until(STEP_1)
    editor.sync()
    assert content(connect, bob, text) == "abcde"


def test_an_update_of_nothing_is_no_change(
    text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.send(protocol.sync(UPDATE, protocol.EMPTY_UPDATE))
    editor.sync()
    assert connect(bob).ask("file.open", file_id=text)["version"] == 1


# -- who may --------------------------------------------------------------------------------------


def test_a_viewer_s_key_is_denied_and_the_viewer_goes_on_reading(
    text: int, alice: Person, vera: Person, yjs: Yjs, connect: Connect
) -> None:
    writes, reads = yjs(alice, text).sync(), yjs(vera, text).sync()
    writes.edit(0, delete=1)
    reads.expect_text("bc")
    reads.edit(2, "x")
    reads.until_denied()
    assert "viewer" in reads.denied
    writes.edit(0, "y")
    reads.expect_text("ybcx")
    assert content(connect, vera, text) == "ybc"


def test_a_personal_token_that_reads_files_edits_none(
    text: int, alice: Person, yjs: Yjs, connect: Connect
) -> None:
    reader = alice.comes_with(alice.makes_token("files:read")["token"])
    reads = yjs(reader, text).sync()
    reads.edit(0, "x")
    reads.until_denied()
    assert "files:write" in reads.denied
    assert content(connect, alice, text) == "abc"


def test_a_personal_token_that_writes_files_edits_them(
    text: int, alice: Person, yjs: Yjs, connect: Connect
) -> None:
    writes = yjs(alice.comes_with(alice.makes_token("files:write")["token"]), text).sync()
    writes.edit(0, "x")
    yjs(alice, text).sync().expect_text("xabc")
    assert content(connect, alice, text) == "xabc"


def test_a_personal_token_for_other_things_opens_no_text(
    text: int, alice: Person, yjs: Yjs
) -> None:
    other = alice.comes_with(alice.makes_token("events:write")["token"])
    assert yjs(other, text).wait_closed().code == FORBIDDEN_CLOSURE


def test_a_viewer_who_comes_with_changes_is_denied_and_goes_on_reading(
    text: int, alice: Person, vera: Person, yjs: Yjs, connect: Connect
) -> None:
    viewer = yjs(vera, text)
    viewer.text += "mine"
    viewer.sync().until_denied()
    yjs(alice, text).sync().edit(0, "x")
    while "x" not in str(viewer.text):
        viewer.read()
    assert content(connect, vera, text) == "xabc"


def test_keys_of_a_viewer_are_one_refusal_of_the_audit(
    text: int, ada: Person, vera: Person, yjs: Yjs, server: Any
) -> None:
    viewer = yjs(vera, text).sync()
    for at in range(3):
        viewer.edit(at, "x")
    viewer.sync()
    old = token_for(server.app, vera, timedelta(seconds=-60))
    assert yjs(with_token(vera, old), text).wait_closed().code == TOKEN_EXPIRED
    refused = ok(ada.get("/audit?type=access.refused"))["items"]
    assert [one["data"]["path"] for one in refused] == [f"update file:{text}"]


def test_a_viewer_who_comes_with_nothing_new_is_denied_nothing(
    text: int, vera: Person, yjs: Yjs
) -> None:
    viewer = yjs(vera, text).sync()
    viewer.send(protocol.sync(UPDATE, protocol.EMPTY_UPDATE))
    viewer.sync()
    assert not viewer.denied


def test_a_viewer_who_comes_back_with_what_is_known_stays(
    text: int, alice: Person, vera: Person, yjs: Yjs
) -> None:
    writes, first = yjs(alice, text).sync(), yjs(vera, text).sync()
    writes.edit(0, "x", 2)
    first.expect_text("xc")
    later = yjs(vera, text)
    later.doc, later.text = first.doc, first.text
    later.sync()
    writes.edit(0, "y")
    later.expect_text("yxc")
    assert (first.denied, later.denied) == ("", "")


@pytest.mark.parametrize(("who", "code"), [("charlie", 4404), ("nobody", 4401)])
def test_others_are_told_nothing(
    who: str, code: int, text: int, yjs: Yjs, request: pytest.FixtureRequest
) -> None:
    editor = yjs(request.getfixturevalue(who), text)
    assert editor.wait_closed().code == code
    assert (str(editor.text), editor.seen) == ("", [0])


def test_a_removed_member_is_told_nothing_more(
    text: int, project: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    stays, goes = yjs(alice, text).sync(), yjs(bob, text).sync()
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    stays.edit(0, "secret ")
    closed = goes.wait_closed()
    assert (closed.code, str(goes.text)) == (4403, "abc")
    assert goes.denied


def test_a_removed_members_update_is_refused(
    text: int, project: int, alice: Person, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    goes = yjs(bob, text).sync()
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    with contextlib.suppress(ConnectionError):
        goes.edit(0, "x")
    goes.wait_closed()
    assert content(connect, alice, text) == "abc"


def test_a_member_who_becomes_a_viewer_edits_no_more(
    text: int, project: int, alice: Person, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    editor.edit(0, "x")
    editor.until_denied()
    assert content(connect, alice, text) == "abc"


def test_what_a_viewer_was_denied_comes_with_their_next_change_once_they_may_write(
    text: int, project: int, alice: Person, vera: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(vera, text).sync()
    editor.edit(0, "x")
    editor.until_denied()
    ok(alice.patch(f"/projects/{project}/members/{vera.id}", {"role": "collaborator"}))
    editor.edit(1, "y")
    editor.until(STEP_1)
    editor.sync()
    assert content(connect, alice, text) == "xyabc"


def test_a_session_that_ends_closes_its_editors(text: int, bob: Person, yjs: Yjs) -> None:
    again = bob.logs_in()
    editor = yjs(again, text).sync()
    ok(again.post("/auth/logout"))
    assert editor.wait_closed().code == 4401


def test_another_role_in_the_whole_service_closes_for_now(
    text: int, ada: Person, bob: Person, yjs: Yjs
) -> None:
    editor = yjs(bob, text).sync()
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    assert not is_final(editor.wait_closed().code)
    yjs(bob, text).sync()


def with_token(person: Person, token: str) -> Person:
    return replace(person, token=token)


def test_a_token_that_runs_out_closes_for_now(
    text: int, bob: Person, yjs: Yjs, server: Any
) -> None:
    soon = token_for(server.app, bob, timedelta(seconds=2))
    assert yjs(with_token(bob, soon), text).wait_closed().code == TOKEN_EXPIRED


def test_who_comes_back_with_the_old_token_may_come_back_again(
    text: int, bob: Person, yjs: Yjs, server: Any
) -> None:
    old = token_for(server.app, bob, timedelta(seconds=-60))
    assert yjs(with_token(bob, old), text).wait_closed().code == TOKEN_EXPIRED


def test_who_comes_back_with_the_old_token_of_a_session_that_has_ended_may_not(
    text: int, bob: Person, yjs: Yjs, server: Any
) -> None:
    again = bob.logs_in()
    old = token_for(server.app, again, timedelta(seconds=-60))
    ok(again.post("/auth/logout"))
    assert yjs(with_token(again, old), text).wait_closed().code == TOKEN_ENDED


def test_a_ticket_opens_one_text_until_the_session_ends(
    text: int, project: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    other, again, nobody = alice.makes_text(project, ""), bob.logs_in(), replace(bob, token="")
    ticket = ok(again.post("/auth/ticket"))["ticket"]
    yjs(nobody, text, ticket=ticket).sync().close()
    open_still = yjs(nobody, text, ticket=ticket).sync()
    assert yjs(nobody, other, ticket=ticket).wait_closed().code == TOKEN_ENDED
    ok(again.post("/auth/logout"))
    assert open_still.wait_closed().code == TOKEN_ENDED
    assert yjs(nobody, text, ticket=ticket).wait_closed().code == TOKEN_ENDED


def test_a_server_that_stops_says_so(text: int, bob: Person, yjs: Yjs, server: Any) -> None:
    editor = yjs(bob, text).sync()
    LIVE.of(server.app).close()
    assert editor.wait_closed().code == 1001


# -- what can't be taken --------------------------------------------------------------------------


@each(
    [
        (b"", 1007),
        (b"\x00\x07\x00", 1007),
        (b"\x00\x02\xff", 1007),
        (b"\x00" + b"\xff" * 12, 1007),
        (b"\x01\x03\x01\x01\x00", 1007),
        (b"\x01\x05\x01\x01\x00\x01x", 1007),
        (protocol.sync(UPDATE, b"garbage"), 4400),
        (protocol.sync(STEP_1, b"\xff\xff"), 4400),
        (b"\x00\x02" + protocol.sized(b"x" * MAX_MESSAGE_BYTES), 4413),
    ]
)
def test_what_is_no_yjs_closes_with_the_reason(
    data: bytes, code: int, *, text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.send(data)
    closed = editor.wait_closed()
    assert (closed.code, bool(closed.reason)) == (code, True)
    assert content(connect, bob, text) == "abc"


@pytest.mark.parametrize(
    "data", [b"\x09", b"\x66\x00", b"\x02\x00\x03abc", b"\x02", b"\x04\xff\xff", b"\xff\x7f"]
)
def test_what_the_protocol_does_not_know_is_passed_over(
    data: bytes, text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.send(data)
    editor.edit(3, "d")
    editor.sync()
    assert content(connect, bob, text) == "abcd"


def test_text_messages_are_refused(text: int, bob: Person, yjs: Yjs) -> None:
    editor = yjs(bob, text).sync()
    editor.ws.send("{}")
    assert editor.wait_closed().code == 1007


def test_a_text_of_two_megabytes_comes_whole(
    text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.edit(0, "x" * 1_000_000)
    editor.edit(0, "y" * 1_000_000)
    opened = connect(bob)
    while len(opened.ask("file.open", file_id=text)["content"]) < 2_000_003:
        pass  # both are on disk, and so were told, before any of it is read
    editor.sync()
    assert len(str(yjs(bob, text).sync().text)) == 2_000_003


def test_an_editor_that_does_not_read_is_not_cut_off_for_what_others_send(
    text: int, alice: Person, bob: Person, yjs: Yjs, server: Any
) -> None:
    """A put of 1.9 MB, then more than a megabyte of small edits and of awareness."""
    slow, fast = yjs(bob, text).sync(), yjs(alice, text)
    fast.tell(State(9, 1, b'{"at":0}'))
    fast.sync()
    headers = {"Content-Type": "text/plain"}
    much = {"content": b"x" * 1_900_000, "headers": headers}
    ok(alice.request("PUT", f"/files/{text}/content", **much))
    for number in range(60):
        fast.edit(0, "y" * 20_000, 20_000 if number else 0)
        fast.tell(State(9, 2 + number, b'{"at":%d,"a":"%s"}' % (number, b"z" * 8_000)))
    fast.sync()
    server.drain()
    slow.until_states({9: 59})
    fast.sync()
    slow.sync()
    assert str(slow.text) == str(fast.text)


@pytest.mark.parametrize(
    "text_of_it", ["x" * (2 * 2**20 - 16), "\u4e2d" * 690_000, "\U0001f600" * 520_000]
)
def test_a_whole_text_is_pasted_at_once(text_of_it: str, text: int, bob: Person, yjs: Yjs) -> None:
    editor = yjs(bob, text).sync()
    editor.edit(0, text_of_it)
    editor.sync()
    assert str(yjs(bob, text).sync().text) == text_of_it + "abc"


def test_more_than_a_text_may_have_is_refused_for_good_and_what_was_before_stays(
    text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.edit(3, "d")
    editor.edit(0, "x" * 2 * 2**20)
    assert editor.wait_closed().code == 4413
    assert content(connect, bob, text) == "abcd"


def test_what_long_messages_take_is_given_back(text: int, bob: Person, yjs: Yjs, app: Any) -> None:
    editor, budget = yjs(bob, text).sync(), BUDGET.of(app)
    for _ in range(4):
        editor.edit(0, "x" * 2_000_000)
        editor.edit(0, delete=2_000_000)
        editor.sync()
    editor.send(b"\x00\x02" + protocol.sized(b"x" * 2**20))
    assert editor.wait_closed().code == 4400
    eventually(lambda: budget.used == 0)


# -- the other editors ----------------------------------------------------------------------------

BLUE, RED = b'{"user":{"name":"Bob","color":"blue"}}', b'{"user":{"name":"Alice"}}'


def test_editors_are_told_of_each_other(text: int, alice: Person, bob: Person, yjs: Yjs) -> None:
    one, other = yjs(alice, text).sync(), yjs(bob, text).sync()
    other.tell(State(7, 1, BLUE))
    while 7 not in one.states:
        one.read()
    assert one.states[7].json == BLUE
    late = yjs(alice, text).sync()
    assert told(late) == {7: BLUE}


def test_an_editor_who_vanishes_is_taken_away(
    text: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    one, other = yjs(alice, text).sync(), yjs(bob, text).sync()
    other.tell(State(7, 1, BLUE))
    while 7 not in one.states:
        one.read()
    other.ws.sock.close()
    while not one.states[7].gone:
        one.read()
    assert yjs(alice, text).sync().states == {}


def test_nobody_speaks_for_anothers_editor(text: int, alice: Person, bob: Person, yjs: Yjs) -> None:
    one, other = yjs(alice, text).sync(), yjs(bob, text).sync()
    other.tell(State(7, 1, BLUE))
    while 7 not in one.states:
        one.read()
    one.tell(State(7, 9, RED), State(8, 1, RED))
    one.tell(State(7, 10, b"null"))
    while 8 not in other.states:
        other.read()
    late = yjs(alice, text).sync()
    assert told(late) == {7: BLUE, 8: RED}


def test_a_person_who_comes_back_takes_their_editor_over(
    text: int, bob: Person, alice: Person, yjs: Yjs
) -> None:
    """As the stock provider does: it tells of itself before it answers anything."""
    broken = yjs(bob, text)
    broken.tell(State(7, 1, BLUE))
    broken.sync()
    back = yjs(bob, text)
    back.tell(State(7, 1, RED))
    back.sync()
    broken.close()
    assert told(yjs(alice, text).sync()) == {7: RED}


def test_another_tab_that_repeats_an_editor_does_not_keep_it(
    text: int, bob: Person, alice: Person, yjs: Yjs
) -> None:
    first, other, reader = yjs(bob, text), yjs(bob, text), yjs(alice, text).sync()
    for editor, client in ((first, 7), (other, 8)):
        editor.tell(State(client, 1, BLUE))
        editor.sync()
    other.tell(State(7, 1, BLUE))
    other.sync()
    first.ws.sock.close()
    while not (7 in reader.states and reader.states[7].gone):
        reader.read()
    assert told(yjs(alice, text).sync()) == {8: BLUE}


@pytest.mark.parametrize(
    "too_many",
    [
        [State(7, 1, b'"' + b"x" * MAX_STATE_BYTES + b'"')],
        [State(key, 1, b"{}") for key in range(1, 40)],
        [State(key, 1, b'"' + b"x" * 60_000 + b'"') for key in range(1, 40)],
    ],
)
def test_an_editor_that_tells_too_much_is_not_relayed_and_goes_on_editing(
    too_many: list[State], text: int, bob: Person, alice: Person, yjs: Yjs
) -> None:
    editor = yjs(bob, text)
    for one in too_many[:17] if len(too_many[0].json) > 100 else [None]:
        editor.tell(*([one] if one else too_many))
    editor.sync()
    editor.edit(3, "d")
    reader = yjs(alice, text).sync()
    reader.expect_text("abcd")
    assert len(told(reader)) <= MAX_EDITORS


def test_a_state_with_a_picture_of_64_kib_is_told(
    text: int, bob: Person, alice: Person, yjs: Yjs
) -> None:
    picture = b'"' + b"x" * (MAX_STATE_BYTES - 2) + b'"'
    reader, editor = yjs(alice, text).sync(), yjs(bob, text)
    editor.tell(State(7, 1, picture))
    while 7 not in reader.states:
        reader.read()
    assert told(reader) == {7: picture}


def told(editor: YjsEditor) -> dict[int, bytes]:
    """Return what an editor knows of others."""
    return {key: one.json for key, one in editor.states.items()}


def test_who_asks_for_the_other_editors_is_told_them_again(
    text: int, alice: Person, bob: Person, yjs: Yjs
) -> None:
    one, other = yjs(alice, text).sync(), yjs(bob, text).sync()
    other.tell(State(7, 1, BLUE))
    while 7 not in one.states:
        one.read()
    one.states.clear()
    one.send(bytes((protocol.QUERY_AWARENESS,)))
    while 7 not in one.states:
        one.read()
    assert told(one) == {7: BLUE}


def test_more_states_than_a_message_may_have_are_passed_over(
    text: int, bob: Person, yjs: Yjs, connect: Connect
) -> None:
    editor = yjs(bob, text).sync()
    editor.send(bytes((protocol.AWARENESS,)) + protocol.sized(bytes(MAX_AWARENESS_BYTES + 1)))
    editor.edit(3, "d")
    editor.sync()
    assert content(connect, bob, text) == "abcd"


def test_a_viewer_who_sends_all_that_they_have_unasked_is_denied(
    text: int, vera: Person, yjs: Yjs
) -> None:
    viewer = yjs(vera, text).sync()
    whole = protocol.sync(protocol.STEP_2, viewer.doc.get_update())
    viewer.send(whole)
    viewer.sync()
    if not viewer.denied:  # that answered the service's question
        viewer.send(whole)
    viewer.until_denied()
    assert viewer.sync().text is not None
