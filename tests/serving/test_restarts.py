"""Machines that are killed and come back: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import os
import random
from typing import Any

from ..realtime.test_no_loss import (
    THE_END,
    RestWriter,
    SocketReader,
    SocketWriter,
    StreamReader,
    Writer,
    stop,
    wait_for,
)
from ..support.machines import Machines
from ..support.waiting import PATIENCE

#: Acknowledged writes in the test of kills, the kills, and how often each reader disconnects.
EVENTS, KILLS, CUTS = 200, 2, 4


class Either:
    """Whoever connects comes to one of the machines, whether it lives or not."""

    def __init__(self, machines: Machines, random_: random.Random) -> None:
        self._machines, self._random = machines, random_

    @property
    def url(self) -> str:
        return self._random.choice(self._machines.both).url


def test_whichever_machine_is_killed_no_event_is_lost_or_doubled(machines: Machines) -> None:
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    random_ = random.Random(seed)
    project = machines.project()
    before = [int(one["id"]) for one in machines.log(project)]
    either: Any = Either(machines, random_)
    writers: list[Writer] = [
        RestWriter("alice", either, machines.alice, project),
        RestWriter("bob", either, machines.bob, project),
        SocketWriter("bob's socket", either, machines.bob, project),
    ]
    readers = [
        kind(
            before[-1],
            random_.sample(range(1, EVENTS * 9 // 10), CUTS),
            random_.random(),
            either,
            machines.bob,
            project,
        )
        for kind in (SocketReader, StreamReader)
        for _ in range(2)
    ]
    for worker in (*writers, *readers):
        worker.start()
    for kill in range(KILLS):
        wait_for(writers, random_.randint(EVENTS * kill, EVENTS * (kill + 1)) // KILLS)
        machines.both[kill % 2].kill()
        machines.both[kill % 2].start()
    wait_for(writers, EVENTS)
    stop(writers)
    machines.alice.tells(project, text=THE_END)
    for reader in readers:
        reader.join(PATIENCE)
    rows = {int(one["id"]): one["data"]["text"] for one in machines.log(project)[len(before) :]}
    assert [reader.ids for reader in readers] == [list(rows)] * len(readers)
    assert [reader.cuts for reader in readers] == [[]] * len(readers)
    assert len(set(rows.values())) == len(rows)
    for writer in writers:
        assert writer.acknowledged.items() <= rows.items()
