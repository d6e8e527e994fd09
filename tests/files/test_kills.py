"""What a Yjs editor knows to be saved is there after a kill, whatever others send meanwhile."""

from __future__ import annotations

import gc
import os
import random
import threading
import time
from collections.abc import Callable

import pytest
import websocket

from collab.files.yjs import protocol
from collab.files.yjs.protocol import STEP_2, UPDATE

from ..support.coediting import BROKEN
from ..support.fuzzing import crafted, mutated
from ..support.people import Person
from ..support.servers import ProcessServer
from ..support.sockets import Closed
from ..support.updates import section, text, update
from ..support.yjs import YjsEditor

KILLS = 2
SEED = int(os.environ.get("SEED") or 1)
GONE = (*BROKEN, Closed, OSError, websocket.WebSocketException)

Start = Callable[..., ProcessServer]
Over = Callable[[ProcessServer, Person], Person]


class Hostile(threading.Thread):
    """Sends what no editor would, over one connection after the other."""

    def __init__(self, url: str, person: Person, file_id: int) -> None:
        super().__init__(daemon=True)
        self._url, self._person, self._file_id = url, person, file_id
        self.over = threading.Event()

    def run(self) -> None:
        chance = random.Random(SEED)
        while not self.over.is_set():
            try:
                self._send(chance)
            except GONE:
                time.sleep(0.02)  # the server may be starting

    def _send(self, chance: random.Random) -> None:
        editor = YjsEditor(self._url, self._file_id, token=self._person.token)
        try:
            for one in mutated(crafted(chance), chance):
                editor.send(protocol.sync(chance.choice((UPDATE, STEP_2)), one))
            editor.sync()
        finally:
            editor.close()


def edits_until_broken(editor: YjsEditor, client: int, kill: Callable[[int], None]) -> int:
    """Type character after character; returns how many are known to be saved."""
    saved = 0
    try:
        while True:
            behind = (client, saved - 1) if saved else None
            sent = update(section(client, saved, text(chr(0x4E00 + client), behind)))
            editor.send(protocol.sync(UPDATE, sent))
            editor.sync()
            saved += 1
            kill(saved)
    except GONE as gone:
        print(f"after {saved}: {gone!r}")
    return saved


# A handshake that the kill cuts off leaves the client's library with an open socket.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_saved_update_is_lost_by_a_kill_while_anything_is_sent(
    process: Start, over: Over, project: int, alice: Person, bob: Person
) -> None:
    started, file_id = process(MESSAGE_RATE="100000"), alice.makes_text(project)
    chance, saved = random.Random(SEED), dict[int, int]()
    hostile = Hostile(started.url, bob, file_id)
    hostile.start()

    def kill_at(last: int) -> Callable[[int], None]:
        return lambda count: started.kill() if count == last else None

    for client in range(100, 100 + KILLS):
        editor = YjsEditor(started.url, file_id, token=alice.token)
        last = chance.randint(3, 20)
        saved[client] = edits_until_broken(editor, client, kill_at(last))
        assert saved[client] >= last, f"SEED={SEED}\n{started.output.read_text()[-6000:]}"
        editor.ws.shutdown()
        started.start()
    hostile.over.set()
    hostile.join(60)
    started.kill()
    started.start()
    gc.collect()  # what handshakes left open
    end = over(started, alice).reads(file_id)
    for client, count in saved.items():
        assert count <= end.count(chr(0x4E00 + client)) <= count + 1, f"SEED={SEED}"
