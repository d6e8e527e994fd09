"""A text edited through two processes by both doors, of which either is killed: all edits stay."""

from __future__ import annotations

import contextlib
import os
import random
import select
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pycrdt import Text

from ..files.test_convergence import Typist
from ..support.coediting import BROKEN
from ..support.machines import Machines
from ..support.people import Person
from ..support.servers import ProcessServer
from ..support.waiting import PATIENCE, eventually
from ..support.yjs import YjsEditor

#: Edits before each kill.
EDITS, KILLS = 5, 2
#: Seconds between two edits of one Yjs editor, and of one that speaks JSON, whose next edit would
#: otherwise begin when the last one is accepted: hundreds, while the others make these few.
PAUSE_S, JSON_PAUSE_S = 0.06, 0.1


class JsonTypist(Typist):
    """Types no faster than people do."""

    def _work(self) -> None:
        super()._work()
        self.over.wait(JSON_PAUSE_S)


class YjsTypist(threading.Thread):
    """Adds marks to a text as a stock Yjs editor does, which keeps its document when cut off."""

    def __init__(self, server: ProcessServer, person: Person, text: int, name: str) -> None:
        super().__init__(daemon=True)
        self._server, self._person, self._file, self._name = server, person, text, name
        self._chance = random.Random(name)
        self._doc: Any = None
        self.over, self.leaving = threading.Event(), threading.Event()
        self.marks: list[str] = []
        self.failed: BaseException | None = None

    @property
    def text(self) -> str:
        return str(self._doc.get("content", type=Text))

    def run(self) -> None:
        try:
            while not self.leaving.is_set():
                with contextlib.suppress(*BROKEN):
                    self._work()
                self.leaving.wait(0.01)  # the server may be starting
        except BaseException as error:
            self.failed = error

    def _work(self) -> None:
        """Come with the document that is there, give what the server lacks, and go on typing."""
        editor = YjsEditor(self._server.url, self._file, token=self._person.token)
        with contextlib.closing(editor):
            if self._doc is not None:
                editor.doc, editor.text = self._doc, self._doc.get("content", type=Text)
            self._doc = editor.doc
            editor.sync()
            while not self.leaving.is_set():
                if not self.over.is_set():
                    self._type(editor)
                while select.select([editor.ws.sock], [], [], PAUSE_S)[0]:
                    editor.read()

    def _type(self, editor: YjsEditor) -> None:
        self.marks.append(f"<{self._name}:{len(self.marks)}>")
        editor.edit(self._chance.randint(0, len(str(editor.text))), self.marks[-1])


Typists = list[JsonTypist | YjsTypist]


@pytest.fixture
def typists() -> Iterator[Typists]:
    """Return a list of those who type, who are sent away in the end."""
    made: Typists = []
    yield made
    for one in made:
        one.over.set()
        if isinstance(one, YjsTypist):
            one.leaving.set()
        else:
            one.join(PATIENCE)
            one.editor.disconnect()


def edit_together(
    typists: Typists, servers: list[ProcessServer], people: list[Person], text: int
) -> None:
    """Have people type through both doors of each server."""
    for number, (server, person) in enumerate(zip(servers, people, strict=True)):
        typists.append(JsonTypist(server, person, text, f"json{number}"))
        typists.append(YjsTypist(server, person, text, f"yjs{number}"))
    for one in typists:
        one.start()


def edits(typists: Typists, more: int) -> None:
    """Wait until each has made so many more edits."""
    wanted = {one: len(one.marks) + more for one in typists}

    def made() -> bool:
        assert [one.failed for one in typists if one.failed] == []
        return all(len(one.marks) >= count for one, count in wanted.items())

    eventually(made)


def converge(typists: Typists, texts: Callable[[], set[str]]) -> str:
    """Let all come to their end, and return the text, which is the same for everybody."""
    for one in typists:
        one.over.set()
        if isinstance(one, JsonTypist):
            one.join(PATIENCE)
            assert not one.is_alive()
            assert one.failed is None

    def same() -> str | None:
        for one in typists:
            if isinstance(one, JsonTypist):
                one.editor.read(0.02)
        there = texts() | {
            one.editor.text if isinstance(one, JsonTypist) else one.text for one in typists
        }
        return there.pop() if len(there) == 1 else None

    return eventually(same) or ""


def check(typists: Typists, end: str) -> None:
    """Check that each letter that anybody typed is there, and once.

    A mark may be typed into the middle of another one, so letters are counted and not marks.
    """
    assert sorted(end) == sorted("".join(mark for one in typists for mark in one.marks))


def test_on_two_machines_no_edit_is_lost_when_either_is_killed(
    machines: Machines, typists: Typists
) -> None:
    project = machines.project()
    text = machines.alice.makes_text(project)
    edit_together(typists, list(machines.both), [machines.alice, machines.bob], text)
    for kill in range(KILLS):
        edits(typists, EDITS)
        machines.both[kill].kill()
        machines.both[kill].start()
    edits(typists, EDITS)
    readers = [machines.at(machines.alice, number) for number in (0, 1)]
    check(typists, converge(typists, lambda: {reader.reads(text) for reader in readers}))


def test_in_two_processes_on_sqlite_no_edit_is_lost_when_either_is_killed(
    quiet: Callable[..., ProcessServer],
    over: Callable[..., Person],
    typists: Typists,
    project: int,
    alice: Person,
    bob: Person,
) -> None:
    text = alice.makes_text(project)
    server = quiet(WEB_PROCESSES="2", MESSAGE_RATE="100000")
    edit_together(typists, [server, server], [alice, bob], text)
    for _ in range(KILLS):
        edits(typists, EDITS)
        eventually(lambda: len(server.workers) == 2)
        os.kill(server.workers[0], 9)  # the older one: another one comes after it
    edits(typists, EDITS)
    reader = over(server, alice)
    check(typists, converge(typists, lambda: {reader.reads(text)}))
