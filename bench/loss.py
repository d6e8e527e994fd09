"""No loss, no double: 10,000 events, 20 SIGKILLs of the server, readers that drop off.

Writers publish over REST and sockets while the whole server is killed and started again on
the same data, and readers (sockets and server-sent events) leave at random and resume by
id. In the end every reader's ids must equal the log, and the log must hold what the server
acknowledged, once. Exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import _server
from bench._http import Api, register
from bench._readers import Reader, SocketReader, StreamReader, UrlReader
from bench._writers import RestWriter, SocketWriter, Writer

LEASE_SECONDS = 75.0
CATCH_UP_SECONDS = 60.0
STEP_SECONDS = 0.05
PAGE = 100


@dataclass
class World:
    """The server and everybody who talks to it."""

    server: _server.Server
    port: int
    api: Api
    project: int
    writers: Sequence[Writer]
    readers: Sequence[Reader]

    def sent(self) -> int:
        """Return how many events have been published so far."""
        return sum(writer.sent for writer in self.writers)

    def busy(self) -> bool:
        """Say whether writers still write."""
        return any(writer.is_alive() for writer in self.writers)


def build(options: argparse.Namespace, folder: Path) -> World:
    """Start the server, make a project, and prepare writers and readers."""
    port = _server.free_port()
    server = _server.ours(options.python, port, folder, ACCESS_TOKEN_MINUTES="120")
    server.start()
    _server.wait_health(server, port)
    api = register(port)
    project = api.want(201, "POST", "/api/v1/projects", {"name": "no loss"})["id"]
    writers = make_writers(port, api, project, options.events)
    readers = make_readers(port, api, project, options.seed)
    return World(server, port, api, project, writers, readers)


def make_writers(port: int, api: Api, project: int, events: int) -> list[Writer]:
    """Return two writers over REST and two over sockets, who share the events."""
    kinds: list[type[RestWriter | SocketWriter]] = [RestWriter, SocketWriter] * 2
    return [
        kind(f"writer{number}", port, api.token, project, events // len(kinds))
        for number, kind in enumerate(kinds)
    ]


def make_readers(port: int, api: Api, project: int, seed: int) -> list[Reader]:
    """Return four readers over sockets and four over streams."""
    some: list[type[SocketReader | StreamReader]] = [SocketReader, UrlReader]
    kinds = [*some, StreamReader, StreamReader] * 2
    return [
        kind(f"reader{number}", port, api.token, project, seed) for number, kind in enumerate(kinds)
    ]


def disturb(world: World, options: argparse.Namespace, until: float) -> int:
    """Kill and restart the server at random points of the writers' way; return how often."""
    rng = random.Random(options.seed)
    points = sorted(rng.sample(range(options.events * 95 // 100), options.kills))
    killed = 0
    while world.busy() and time.monotonic() < until:
        time.sleep(STEP_SECONDS)
        if killed < len(points) and world.sent() >= points[killed]:
            time.sleep(rng.random() * 0.2)
            restart(world)
            killed += 1
            print(f"kill {killed} after {world.sent()} events", file=sys.stderr)
    return killed


def restart(world: World) -> None:
    """SIGKILL the server and start it again on the same port and data."""
    world.server.kill()
    world.server.start()
    _server.wait_health(world.server, world.port)


def settle(world: World, until: float) -> None:
    """Let REST writers learn the end of what waits for a lease."""
    until = min(until, time.monotonic() + LEASE_SECONDS)
    for writer in world.writers:
        if isinstance(writer, RestWriter):
            writer.finish(until)


def read_log(world: World) -> list[dict[str, Any]]:
    """Return the project's whole log over REST."""
    world.api.close()  # The connection of the beginning did not outlive the server.
    return list(_pages(world))


def _pages(world: World) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        path = f"/api/v1/events?topic=project:{world.project}&after={after}&limit={PAGE}"
        items = world.api.want(200, "GET", path)["items"]
        if not items:
            return
        yield from items
        after = int(items[-1]["id"])


def catch_up(world: World, target: int) -> None:
    """Wait until the readers have read up to the log's last id, then end them."""
    for reader in world.readers:
        reader.target = target
    until = time.monotonic() + CATCH_UP_SECONDS
    while any(reader.last < target for reader in world.readers) and time.monotonic() < until:
        time.sleep(STEP_SECONDS)
    for reader in world.readers:
        reader.ending.set()


def differences(world: World, log: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each broken promise."""
    ids = [int(item["id"]) for item in log]
    if ids != sorted(set(ids)):
        yield "the log's ids do not grow strictly"
    everybody: list[Writer | Reader] = [*world.writers, *world.readers]
    yield from (one.failure for one in everybody if one.failure)
    for reader in world.readers:
        yield from _compare(reader, ids)
    yield from _accounted(world.writers, log)


def _compare(reader: Reader, ids: list[int]) -> Iterator[str]:
    if reader.ids == ids:
        return
    missing, doubled = set(ids) - set(reader.ids), len(reader.ids) - len(set(reader.ids))
    foreign = set(reader.ids) - set(ids)
    yield (
        f"{reader.name} ({type(reader).__name__}): {len(missing)} missing {sorted(missing)[:5]}, "
        f"{doubled} doubled, {len(foreign)} not of the log"
    )


def _accounted(writers: Sequence[Writer], log: list[dict[str, Any]]) -> Iterator[str]:
    """Compare what writers know with what the log holds."""
    found: Counter[str] = Counter()
    where: dict[str, int] = {}
    for item in log:
        tag = item["data"].get("tag")
        if tag:
            found[tag] += 1
            where[tag] = int(item["id"])
    doubled = [tag for tag, count in found.items() if count > 1]
    if doubled:
        yield f"{len(doubled)} events are in the log twice: {doubled[:5]}"
    for writer in writers:
        yield from _kept(writer, where)


def _kept(writer: Writer, where: dict[str, int]) -> Iterator[str]:
    lost = [tag for tag in writer.acked if tag not in where]
    if lost:
        yield f"{writer.name}: {len(lost)} acknowledged events are not in the log: {lost[:5]}"
    moved = [tag for tag, told in writer.acked.items() if told and where.get(tag, told) != told]
    if moved:
        yield f"{writer.name}: {len(moved)} events have another id than was told: {moved[:5]}"
    if isinstance(writer, RestWriter) and writer.waiting:
        yield f"{writer.name}: {len(writer.waiting)} keys never got an answer"


def summary(world: World, log: list[dict[str, Any]], killed: int, seconds: float) -> str:
    """Return what happened, in a few lines."""
    acked = sum(len(writer.acked) for writer in world.writers)
    unknown = sum(len(writer.unknown) for writer in world.writers)
    drops = sum(reader.drops for reader in world.readers)
    losses = sum(reader.losses for reader in world.readers)
    return (
        f"{world.sent()} events sent, {acked} acknowledged, {unknown} unknown; "
        f"{len(log)} rows in the log\n"
        f"{killed} SIGKILLs; {len(world.readers)} readers, which left {drops} times "
        f"and lost the server or could not reach it {losses} times; {seconds:.0f} s"
    )


def run(options: argparse.Namespace, folder: Path) -> list[str]:
    """Run it all and return the differences."""
    start = time.monotonic()
    until = start + options.minutes * 60
    world = build(options, folder)
    try:
        for thread in (*world.readers, *world.writers):
            thread.start()
        killed = disturb(world, options, until)
        settle(world, until)
        log = read_log(world)
        catch_up(world, int(log[-1]["id"]))
        print(summary(world, log, killed, time.monotonic() - start))
        return [*differences(world, log), *unfinished(world, options, killed)]
    finally:
        world.server.kill()


def unfinished(world: World, options: argparse.Namespace, killed: int) -> Iterator[str]:
    """Yield what the time was too short for."""
    if world.busy():
        yield f"writers had not finished after {options.minutes} minutes"
    if killed < options.kills:
        yield f"only {killed} of {options.kills} SIGKILLs happened"


def main() -> None:
    """Run, print, and exit 1 on a difference."""
    parser = argparse.ArgumentParser(prog="bench.loss", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the server")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=9.0, help="the most it may take")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    _server.begin()
    with _server.temp_folder() as folder:
        found = run(options, folder)
    print("\n".join(found) or "No difference: nothing lost, nothing doubled, order as in the log.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
