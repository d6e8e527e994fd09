"""The door for Hocuspocus: stock providers on one socket, and whatever else may come over it."""

from __future__ import annotations

import itertools
import json
import struct
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import websocket
from flask import Flask
from pycrdt import Doc, Text

from collab.config import ROOT
from collab.events.close_codes import TOKEN_ENDED, TOKEN_EXPIRED, UNREADABLE_MESSAGE
from collab.extensions import db
from collab.files.hocuspocus_door import protocol
from collab.files.hocuspocus_door.socket import MAX_NAME_BYTES, MAX_TEXTS_PER_SOCKET
from collab.files.models import File
from collab.files.yjs.protocol import (
    AUTH,
    STEP_1,
    STEP_2,
    SYNC,
    UPDATE,
    MessageReader,
    sized,
    sync,
)

from ..support.each import each
from ..support.made_once import made_once
from ..support.npm import needs_node
from ..support.people import Person, ok
from ..support.sockets import Closed, close, closed_after, opened
from ..support.tokens import token_for

SCRIPT = ROOT / "tests" / "files" / "hocuspocus.mjs"


def put(person: Person, text: int, content: str) -> None:
    headers = {"Content-Type": "text/plain"}
    ok(person.request("PUT", f"/files/{text}/content", content=content, headers=headers))


@made_once
def text(alice: Person, project: int) -> int:
    return alice.makes_text(project, "")


@needs_node("@hocuspocus/provider", "ws")
def test_stock_providers_share_a_socket_and_renew_their_tokens(
    text: int, alice: Person, bob: Person, charlie: Person, project: int, serve: Any
) -> None:
    server = serve()
    also = alice.makes_text(project, "")
    not_his = charlie.makes_text(charlie.makes_project(), "secret")
    url = server.url.replace("http", "ws", 1) + "/hocuspocus"
    for seconds in (3, 30):  # a slow machine may need more to open them
        short = token_for(server.app, bob, timedelta(seconds=seconds))
        command = ["node", str(SCRIPT), url, str(text), str(also), str(not_his), short, bob.token]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        if done.returncode == 0 and not json.loads(done.stdout)["late"]:
            break
    seen = json.loads(done.stdout)
    assert (seen["closes"], seen["refused"]) == (0, [str(not_his)])
    assert alice.get(f"/files/{text}/content").text == "one renewed "
    assert alice.get(f"/files/{also}/content").text == "other "


# -- what no stock provider sends -----------------------------------------------------------------


def typed(content: str) -> bytes:
    """Return the update of an editor that has typed something."""
    doc: Doc[Any] = Doc()
    doc.get("content", type=Text).insert(0, content)
    return doc.get_update()


class Provider:
    """A socket that speaks Hocuspocus, byte by byte."""

    def __init__(self, url: str, path: str = "/hocuspocus") -> None:
        self.ws = opened(url + path)
        self.seen: list[bytes] = []

    def send(self, name: str, message: bytes) -> None:
        self.ws.send_binary(sized(name.encode()) + message)

    def auth(self, name: str, token: str, version: bytes = sized(b"4.8.0")) -> tuple[int, str]:
        """Send a token; returns what it is answered with, and its words."""
        self.send(name, bytes((AUTH, protocol.TOKEN)) + sized(token.encode()) + version)
        while True:
            kind, reader = self.read(name)
            if kind == AUTH:
                return reader.number(), reader.sized().decode()

    def read(self, name: str) -> tuple[int, MessageReader]:
        """Return the next message of a text; raises Closed."""
        while True:
            found, kind, reader = self.next()
            if found == name:
                return kind, reader

    def next(self) -> tuple[str, int, MessageReader]:
        """Return the next message, and of which text it is; raises Closed."""
        while True:
            opcode, data = self.ws.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise Closed(struct.unpack("!H", data[:2])[0], data[2:].decode())
            reader = MessageReader(data)
            self.seen.append(data)
            if data != protocol.PING:
                return reader.sized().decode(), reader.number(), reader

    def until(self, name: str, kind: int) -> MessageReader:
        while True:
            found, reader = self.read(name)
            if found == kind:
                return reader

    def synced(self, name: str) -> bool:
        """Ask, and read on until it is answered; returns that it was."""
        self.send(name, sync(STEP_1, b"\0"))
        return self.until(name, SYNC) is not None

    def wait_closed(self, name: str = "-") -> Closed:
        return closed_after(lambda: self.read(name))


@pytest.fixture
def connects(server: Any) -> Iterator[Callable[..., Provider]]:
    made: list[Provider] = []

    def connect(path: str = "/hocuspocus") -> Provider:
        made.append(Provider(server.url, path))
        return made[-1]

    yield connect
    for one in made:
        close(one.ws)


@each(
    itertools.product(
        ["/hocuspocus/{}", "/api/v1/hocuspocus/{}", "/hocuspocus/{}/"],
        ["{}", "file:{}", "whatever", "{}\0session", ""],
    )
)
def test_a_text_is_named_in_its_messages_or_by_the_address(
    path: str, name: str, *, text: int, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects(path.format(text))
    assert provider.auth(name.format(text), bob.token) == (protocol.AUTHENTICATED, "read-write")


def test_a_ticket_of_the_address_opens_its_text_alone(
    text: int, project: int, alice: Person, bob: Person, connects: Callable[..., Provider]
) -> None:
    other, ticket = alice.makes_text(project, ""), ok(bob.post("/auth/ticket"))["ticket"]
    for _ in range(2):
        provider = connects(f"/hocuspocus/{text}?ticket={ticket}")
        assert provider.auth(str(text), "")[0] == protocol.AUTHENTICATED
        assert provider.auth(str(other), "")[0] == protocol.DENIED
    assert connects(f"/hocuspocus/{other}?ticket={ticket}").wait_closed().code == TOKEN_ENDED


@each(["whatever", "0", "-1", "9" * 30, "x" * MAX_NAME_BYTES])
def test_a_text_that_nothing_names_is_denied(
    name: str, *, bob: Person, connects: Callable[..., Provider]
) -> None:
    assert connects().auth(name, bob.token)[0] == protocol.DENIED


def test_who_may_not_read_is_denied_and_may_go_on_with_another_text(
    text: int, bob: Person, charlie: Person, connects: Callable[..., Provider]
) -> None:
    not_his = charlie.makes_text(charlie.makes_project(), "secret")
    provider = connects()
    assert provider.auth(str(not_his), bob.token)[0] == protocol.DENIED
    assert provider.auth(str(text), "nonsense")[0] == protocol.DENIED
    assert provider.auth(str(text), bob.token)[0] == protocol.AUTHENTICATED


def test_a_socket_is_one_person_s(
    text: int, alice: Person, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    provider.auth(str(text), bob.token)
    assert provider.auth(f"{text}\0again", alice.token)[0] == protocol.DENIED


def test_what_is_sent_without_a_token_is_never_applied(
    text: int, alice: Person, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects(f"/hocuspocus/{text}")
    update = bytes.fromhex("010101000401") + sized(b"content") + sized(b"x") + b"\0"
    provider.send(str(text), sync(UPDATE, update))
    provider.auth(str(text), bob.token)
    provider.synced(str(text))
    assert alice.get(f"/files/{text}/content").text == ""
    provider.send(str(text), sync(UPDATE, update))
    assert provider.until(str(text), protocol.SYNC_STATUS).number() == 1
    assert alice.get(f"/files/{text}/content").text == "x"


def test_a_socket_has_so_many_texts_open(
    text: int, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    for number in range(MAX_TEXTS_PER_SOCKET):
        assert provider.auth(f"{text}\0{number}", bob.token)[0] == protocol.AUTHENTICATED
    assert provider.auth(f"{text}\0more", bob.token)[0] == protocol.DENIED
    provider.send(f"{text}\x000", bytes((protocol.CLOSE,)))
    assert provider.auth(f"{text}\0more", bob.token)[0] == protocol.AUTHENTICATED


def test_a_text_that_is_lost_is_closed_and_the_others_stay(
    text: int, project: int, alice: Person, bob: Person, connects: Callable[..., Provider]
) -> None:
    also, provider = alice.makes_text(project, ""), connects()
    for name in (str(text), str(also)):
        provider.auth(name, bob.token)
    ok(alice.delete(f"/files/{text}"))
    assert "file.deleted" in provider.until(str(text), protocol.CLOSE).sized().decode()
    provider.synced(str(also))


@pytest.mark.parametrize(
    "sent", [sync(STEP_1, b"\0"), sync(UPDATE, typed("x"))], ids=["step 1", "update"]
)
def test_a_deletion_is_told_in_the_same_words_by_whatever_finds_out_first(
    sent: bytes, text: int, bob: Person, app: Flask, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    provider.auth(str(text), bob.token)
    provider.synced(str(text))
    with app.app_context():  # so that nothing but the next message finds out
        db.session.delete(db.session.get_one(File, text))
        db.session.commit()
    provider.send(str(text), sent)
    reader = provider.until(str(text), AUTH)
    assert (reader.number(), reader.sized()) == (protocol.DENIED, b"This file is gone")


def test_an_update_that_can_t_be_taken_closes_its_text_alone(
    text: int, project: int, alice: Person, bob: Person, connects: Callable[..., Provider]
) -> None:
    also, provider = alice.makes_text(project, ""), connects()
    for name in (str(text), str(also)):
        provider.auth(name, bob.token)
    provider.send(str(text), sync(UPDATE, b"garbage"))
    provider.until(str(text), protocol.CLOSE)
    assert provider.synced(str(also))


def test_a_removed_member_is_told_nothing_more(
    text: int, project: int, alice: Person, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    provider.auth(str(text), bob.token)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    put(alice, text, "secret")
    provider.until(str(text), protocol.CLOSE)
    assert provider.auth(str(text), bob.token)[0] == protocol.DENIED
    assert not any(b"secret" in one for one in provider.seen)


def test_no_message_stands_between_the_fragments_of_another(
    text: int,
    project: int,
    alice: Person,
    bob: Person,
    connects: Callable[..., Provider],
    server: Any,
) -> None:
    """Of two texts on one socket, whose reader does not read while both of them change."""
    also, provider = alice.makes_text(project, ""), connects()
    docs: dict[str, Doc[Any]] = {str(text): Doc(), str(also): Doc()}
    for name in docs:
        provider.auth(name, bob.token)
        provider.send(name, sync(STEP_1, b"\0"))
    for number in range(3):
        put(alice, text, f"{number}" * 1_900_000)
        put(alice, also, f"{number}" * 400_000)
    server.drain()
    wanted = {str(text): "2" * 1_900_000, str(also): "2" * 400_000}
    while {name: str(doc.get("content", type=Text)) for name, doc in docs.items()} != wanted:
        name, kind, reader = provider.next()
        if kind == SYNC and reader.number() in (STEP_2, UPDATE):
            docs[name].apply_update(reader.sized())


def test_a_role_that_changes_is_told(
    text: int, project: int, alice: Person, vera: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    assert provider.auth(str(text), vera.token) == (protocol.AUTHENTICATED, "readonly")
    ok(alice.patch(f"/projects/{project}/members/{vera.id}", {"role": "collaborator"}))
    told = provider.until(str(text), AUTH)
    assert (told.number(), told.sized()) == (protocol.AUTHENTICATED, b"read-write")


def test_a_personal_token_reads_or_writes_as_its_scopes_say(
    text: int, alice: Person, connects: Callable[..., Provider]
) -> None:
    for scope, told in (("files:read", "readonly"), ("files:write", "read-write")):
        token = alice.makes_token(scope)["token"]
        assert connects().auth(str(text), token) == (protocol.AUTHENTICATED, told)
    other = alice.makes_token("events:write")["token"]
    assert connects().auth(str(text), other)[0] == protocol.DENIED


def test_a_session_that_ends_closes_the_socket(
    text: int, bob: Person, connects: Callable[..., Provider]
) -> None:
    again, provider = bob.logs_in(), connects()
    provider.auth(str(text), again.token)
    ok(again.post("/auth/logout"))
    assert provider.wait_closed().code == TOKEN_ENDED


def test_who_comes_with_a_token_that_has_run_out_is_to_come_back(
    text: int, bob: Person, connects: Callable[..., Provider], server: Any
) -> None:
    old = token_for(server.app, bob, timedelta(seconds=-60))
    provider = connects()
    assert provider.auth(str(text), old)[0] == protocol.DENIED
    assert provider.wait_closed().code == TOKEN_EXPIRED


@each([b"", b"\xff", b"\x05ab", b"\x011", b"\x011\x02", sized(b"x" * 300) + b"\x02"])
def test_what_is_no_message_closes_the_socket(
    data: bytes, *, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    provider.ws.send_binary(data)
    assert provider.wait_closed().code == UNREADABLE_MESSAGE


@each([4, 5, 6, 8, 9, 10, 102])
def test_kinds_that_are_not_for_us_are_passed_over(
    kind: int, *, text: int, bob: Person, connects: Callable[..., Provider]
) -> None:
    provider = connects()
    provider.auth(str(text), bob.token)
    provider.send(str(text), bytes((kind,)) + sized(b"hello"))
    provider.ws.send_binary(protocol.PONG)
    assert provider.synced(str(text))


def test_a_provider_that_knows_signs_of_life_gets_them(text: int, bob: Person, serve: Any) -> None:
    url, ping = serve(PING_SECONDS="1").url, protocol.PING
    new, old = Provider(url), Provider(url)
    for provider, version in ((new, sized(b"4.8.0")), (old, b"")):
        provider.auth(str(text), bob.token, version)
    while new.ws.recv_data()[1] != ping:
        pass
    old.synced(str(text))
    assert ping not in old.seen
    close(new.ws)
    close(old.ws)
