"""No door brings a NUL into a text, and none a CR while an editor is there that takes LF only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collab.events.close_codes import FORBIDDEN_CLOSURE, TRY_AGAIN_LATER, UPDATE_REFUSED
from collab.files.editing.newlines import LF_TEXTS
from collab.files.text.delta import apply
from collab.files.text.tidying import tidied

from ..support.people import Person, ok
from ..support.sockets import Socket
from ..support.waiting import eventually
from ..support.yjs import YjsEditor

Connect = Callable[..., Socket]
Yjs = Callable[..., YjsEditor]
UNITS = st.text(st.sampled_from("\0\r\nab\ufffd"), max_size=30)
CRLF = "one\r\ntwo\rthree\r\n"
LF = "one\ntwo\nthree\n"


@given(UNITS | UNITS.map(lambda one: one * 500), st.booleans())
def test_a_tidy_text_is_the_same_but_for_what_it_may_not_have(units: str, lf: bool) -> None:
    wanted = units.replace("\0", "\ufffd")
    if lf:
        wanted = wanted.replace("\r\n", "\n").replace("\r", "\n")
    assert apply(units, tidied(units, lf=lf)) == wanted


def put(person: Person, text: int, content: str) -> Any:
    headers = {"Content-Type": "text/plain"}
    return person.request("PUT", f"/files/{text}/content", content=content, headers=headers)


def content(person: Person, text: int) -> str:
    return person.get(f"/files/{text}/content").content.decode()


# -- NUL ------------------------------------------------------------------------------------------


def test_a_nul_is_refused_where_one_change_can_be(
    alice: Person, project: int, connect: Connect
) -> None:
    text, insert = alice.makes_text(project, "abc"), [{"retain": 1}, {"insert": "x\0"}]
    edit = {"file_id": text, "base_version": 1, "edits": insert}
    refused = connect(alice).ask("file.edit", **edit)
    assert (refused["status"], refused["errors"][0]["pointer"]) == (422, "#/edits/1/insert")
    edits = {"base_version": 1, "edits": insert}
    assert alice.patch(f"/files/{text}/content", edits).status_code == 422
    assert put(alice, text, "x\0").status_code == 415
    assert content(alice, text) == "abc"


def test_a_nul_of_a_yjs_editor_becomes_what_can_be_kept(
    alice: Person, bob: Person, project: int, yjs: Yjs, connect: Connect
) -> None:
    text = alice.makes_text(project, "abc")
    one, other = yjs(alice, text).sync(), yjs(bob, text).sync()
    one.edit(1, "\0x\0\0")
    for editor in (one, other):
        editor.expect_text("a\ufffdx\ufffd\ufffdbc")
    assert connect(bob).ask("file.open", file_id=text)["version"] == 2
    assert put(alice, text, content(alice, text)).status_code == 200


# -- line breaks ----------------------------------------------------------------------------------


def test_line_breaks_stay_as_they_came(alice: Person, project: int, yjs: Yjs) -> None:
    text = alice.makes_text(project, CRLF)
    assert str(yjs(alice, text).sync().text) == CRLF


def test_line_breaks_become_lf_for_an_editor_that_wants_it(
    alice: Person, bob: Person, project: int, yjs: Yjs
) -> None:
    text = alice.makes_text(project, CRLF)
    other = yjs(bob, text).sync()
    assert str(yjs(alice, text, newlines="lf").sync().text) == LF
    other.expect_text(LF)
    assert content(alice, text) == LF
    newest = ok(alice.get(f"/files/{text}/history"))["items"][0]
    assert (newest["version"], newest["author"]["id"]) == (2, alice.id)


def test_whoever_brings_others_meanwhile_brings_lf(
    alice: Person, bob: Person, project: int, yjs: Yjs, connect: Connect
) -> None:
    """In the same version: an editor that counts in LF is never shown another."""
    text = alice.makes_text(project, "one\n")
    wants, other = yjs(alice, text, newlines="lf").sync(), yjs(bob, text).sync()
    seen: list[str] = []
    wants.text.observe(lambda _: seen.append(str(wants.text)))
    other.edit(4, "two\r\nthree\r")
    other.expect_text("one\ntwo\nthree\n")
    answer = put(bob, text, "one\r\ntwo\r\nfour\r\n")
    assert (answer.status_code, "ETag" in answer.headers) == (200, False)
    wants.expect_text("one\ntwo\nfour\n")
    refused = connect(bob).ask(
        "file.edit", file_id=text, base_version=1, edits=[{"insert": "zero\r\n"}]
    )
    assert refused["status"] == 422
    assert content(bob, text) == "one\ntwo\nfour\n"
    assert not any("\r" in one for one in seen)


def test_they_come_as_they_are_again_once_it_has_gone(
    alice: Person, project: int, yjs: Yjs, app: Any
) -> None:
    text = alice.makes_text(project, "one\n")
    yjs(alice, text, newlines="lf").sync().close()
    eventually(lambda: text not in LF_TEXTS.of(app))
    ok(put(alice, text, CRLF))
    assert content(alice, text) == CRLF


def test_a_viewer_can_not_have_them_changed(
    alice: Person, vera: Person, project: int, yjs: Yjs, app: Any
) -> None:
    text = alice.makes_text(project, CRLF)
    assert yjs(vera, text, newlines="lf").wait_closed().code == FORBIDDEN_CLOSURE
    assert content(alice, text) == CRLF
    eventually(lambda: text not in LF_TEXTS.of(app))
    ok(put(alice, text, LF))
    assert str(yjs(vera, text, newlines="lf").sync().text) == LF


def test_a_viewer_s_editor_has_nobody_write_otherwise_and_is_never_shown_another(
    alice: Person, vera: Person, project: int, yjs: Yjs
) -> None:
    text = alice.makes_text(project, LF)
    reads = yjs(vera, text, newlines="lf").sync()
    ok(put(alice, text, "four\n" + LF))
    reads.expect_text("four\n" + LF)
    ok(put(alice, text, CRLF))
    assert reads.wait_closed().code == TRY_AGAIN_LATER
    assert (content(alice, text), str(reads.text)) == (CRLF, "four\n" + LF)


def test_a_text_of_many_lines_is_changed_at_once(alice: Person, project: int, yjs: Yjs) -> None:
    text = alice.makes_text(project, "x\r\n" * 400_000)
    assert str(yjs(alice, text, newlines="lf").sync().text) == "x\n" * 400_000


def test_there_is_nothing_else_to_want(alice: Person, project: int, yjs: Yjs) -> None:
    text = alice.makes_text(project, CRLF)
    assert yjs(alice, text, newlines="crlf").wait_closed().code == UPDATE_REFUSED
    assert content(alice, text) == CRLF
