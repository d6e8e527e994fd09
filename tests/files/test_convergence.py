"""Editors through all doors, who come and go and edit offline, end with the same text."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from collab.config import ROOT
from collab.files.text.delta import apply
from collab.files.text.units import from_units, to_units

from ..support.coediting import BROKEN, JsonEditor, random_edit
from ..support.npm import needs_node
from ..support.people import Person, ok
from ..support.servers import ProcessServer
from ..support.waiting import eventually

#: Edits of each of two sockets, of each of two Yjs editors, and of one loop of PUTs: 500.
BY_SOCKET, BY_YJS, BY_PUT = 120, 120, 20
#: Of the whole service, as a power cut does.
KILLS = 2

#: To replay a failure: SEED=... python -m pytest tests/files/test_convergence.py
SEED = int(os.environ.get("SEED") or 1)

Start = Callable[..., ProcessServer]
Over = Callable[[ProcessServer, Person], Person]


@pytest.fixture
def started(standing: Start) -> ProcessServer:
    """Return a server that is running again after each test; each has a text of its own."""
    print(f"SEED={SEED}")
    return standing(MESSAGE_RATE="100000", PING_SECONDS="600")


@contextlib.contextmanager
def yjs_editors(url: str, text: int, people: list[Person]) -> Iterator[subprocess.Popen[str]]:
    command = ["node", str(ROOT / "tests" / "files" / "editors.mjs")]
    command += [url.replace("http", "ws", 1) + "/yjs", str(text)]
    command += [",".join(person.token for person in people), str(SEED), str(BY_YJS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as node:  # type: ignore[call-overload]
        try:
            yield node
        finally:
            node.kill()


def said(node: subprocess.Popen[str]) -> list[str]:
    """Ask the Yjs editors for their texts."""
    node.stdin.write("\n")
    node.stdin.flush()
    return list(json.loads(node.stdout.readline()))


def edits_by_socket(editor: JsonEditor, chance: random.Random) -> None:
    editor.connect()
    for _ in range(BY_SOCKET):
        editor.edit(random_edit(editor.units, chance))
        if chance.random() < 0.03:
            editor.disconnect()
        elif editor.socket is None and chance.random() < 0.3:
            editor.connect()
        editor.read(chance.random() * 0.01)
    if editor.socket is None:
        editor.connect()
    deadline = time.monotonic() + 60
    while not editor.idle:
        assert time.monotonic() < deadline, "an edit was never accepted"
        editor.read(0.2)


def edits_by_put(person: Person, text: int, chance: random.Random) -> None:
    """Fetch, change and put, as curl in a loop; whoever was overtaken begins anew."""
    made = 0
    while made < BY_PUT:
        before = person.get(f"/files/{text}/content")
        units = to_units(before.content.decode())
        after = from_units(apply(units, random_edit(units, chance))).encode()
        headers = {"If-Match": before.headers["ETag"]} if chance.random() < 0.2 else {}
        answer = person.request("PUT", f"/files/{text}/content", content=after, headers=headers)
        assert answer.status_code in (200, 412), answer.text
        made += answer.status_code == 200


@needs_node("yjs", "y-websocket", "ws")
def test_five_editors_end_with_the_same_text(
    started: ProcessServer, over: Over, project: int, alice: Person, bob: Person
) -> None:
    owner, mate = over(started, alice), over(started, bob)
    text = owner.makes_text(project, "The beginning.\n")
    editors = [JsonEditor(started.url, one, text, f"{SEED}-{one.name}") for one in (alice, bob)]
    with yjs_editors(started.url, text, [alice, bob]) as node, ThreadPoolExecutor(3) as pool:
        work = [
            pool.submit(edits_by_socket, editor, random.Random(SEED + number))
            for number, editor in enumerate(editors)
        ]
        work.append(pool.submit(edits_by_put, mate, text, random.Random(SEED + 9)))
        for one in work:
            one.result(100)
        assert json.loads(node.stdout.readline()) == "done"

        def same() -> str | None:
            for editor in editors:
                editor.read(0.02)
            texts = {editor.text for editor in editors} | {*said(node), owner.reads(text)}
            return texts.pop() if len(texts) == 1 else None

        end = eventually(same)
        for editor in editors:
            editor.disconnect()
    started.kill()
    started.start()
    assert owner.reads(text) == end


class Typist(threading.Thread):
    """Adds marks of its own to a text, on a server that is killed again and again."""

    def __init__(self, server: ProcessServer, person: Person, text: int, name: str) -> None:
        super().__init__(daemon=True)
        self.editor = JsonEditor(server.url, person, text, name)
        self.over = threading.Event()
        self.marks: list[str] = []
        self._chance = random.Random(f"{SEED} {name}")
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            while not (self.over.is_set() and self.editor.idle):
                with contextlib.suppress(*BROKEN):
                    self._work()
        except BaseException as error:
            self.failed = error

    def _work(self) -> None:
        editor = self.editor
        if editor.socket is None or not editor.socket.ws.connected:
            time.sleep(0.01)  # the server may be starting
            editor.disconnect()
            editor.connect()
        if editor.idle and not self.over.is_set():
            self.marks.append(f"<{editor.name}:{len(self.marks)}>")
            at = self._chance.randint(0, len(editor.units))
            editor.edit((at, self.marks[-1]) if at else (self.marks[-1],))
        try:
            editor.read(0.05)
        except BROKEN:
            editor.disconnect()
            raise


def wait_for_marks(typists: list[Typist], more: int) -> None:
    """Wait until so many more edits have been made."""

    def made() -> int:
        assert [typist.failed for typist in typists if typist.failed] == []
        return sum(len(typist.marks) for typist in typists)

    wanted = made() + more
    eventually(lambda: made() >= wanted)


def test_no_acknowledged_edit_is_lost_or_doubled_by_kills_of_the_service(
    started: ProcessServer, over: Over, project: int, alice: Person, bob: Person
) -> None:
    def kill(_: int) -> None:
        started.kill()
        started.start()

    owner = over(started, alice)
    text = owner.makes_text(project)
    typists = [Typist(started, one, text, f"{one.name}{n}") for n in (1, 2) for one in (alice, bob)]
    type_through(typists, kill, KILLS)
    check_end(started, owner, text, typists)


def test_no_acknowledged_edit_is_lost_when_either_of_two_processes_is_killed(
    process: Start, over: Over, project: int, alice: Person, bob: Person
) -> None:
    started = process(WEB_PROCESSES="2", MESSAGE_RATE="100000", PING_SECONDS="600")

    def kill(number: int) -> None:
        eventually(lambda: len(started.workers) == 2)
        os.kill(started.workers[number % 2], 9)

    text = alice.makes_text(project)
    typists = [Typist(started, one, text, f"{one.name}{n}") for n in (1, 2) for one in (alice, bob)]
    type_through(typists, kill, kills=2)
    check_end(started, over(started, alice), text, typists)


def type_through(typists: list[Typist], kill: Callable[[int], None], kills: int) -> None:
    """Let people type while processes are killed, until all their edits are acknowledged."""
    chance = random.Random(SEED)
    for typist in typists:
        typist.start()
    for number in range(kills):
        wait_for_marks(typists, chance.randint(4, 40))
        kill(number)
    for typist in typists:
        typist.over.set()
    for typist in typists:
        typist.join(60)
        assert not typist.is_alive()
        assert typist.failed is None
        typist.editor.disconnect()


def check_end(started: ProcessServer, owner: Person, text: int, typists: list[Typist]) -> None:
    """Check that the text is what was acknowledged, each edit once, after another restart."""
    started.kill()
    started.start()
    end = owner.reads(text)
    accepted = {v: delta for typist in typists for v, delta in typist.editor.accepted.items()}
    assert sorted(accepted) == list(range(1, len(accepted) + 1))
    units = ""
    for version in sorted(accepted):
        units = apply(units, accepted[version])
    assert from_units(units) == end
    assert len(end) == sum(len(mark) for typist in typists for mark in typist.marks)
    assert ok(owner.get(f"/files/{text}"))["size"] == len(end)
