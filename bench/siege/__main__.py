"""What hostile and unlucky peers can do to friends, memory and disk: `python -m bench.siege`.

Each attack is sent against a fresh server while friends work in it; afterwards the server is
killed, started again, and asked for everything that it acknowledged. The last row is all of them
at once against one server. With `--before` the results of another checkout, put under
the same siege with `--root` and `--save`, stand in the same table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import _server
from bench._machine import describe
from bench.siege import families, flat  # noqa: F401 (each enters its attacks in the list)
from bench.siege.table import TOGETHER, Row, table
from bench.siege.target import ATTACKS, GONE, Attack, Verdict
from bench.siege.world import Memory, World, disk_mib

#: Seconds of the last round, in which all attack at once.
TOGETHER_S = 25.0
#: Seconds over its time after which an attacker is ended.
GRACE_S = 25.0
#: Attacks that have settings of their own, or lock out an address, are not in the last round.
ALONE = ("M4", "M1", "H5", "H5 strangers")


def carried_out(
    world: World, attacks: list[Attack], seconds: float | None, folder: Path
) -> dict[str, Verdict]:
    """Have attackers' processes carry attacks out, side by side; returns their verdicts.

    `seconds` is what each may take, if not its own.
    """
    running = {}
    for number, attack in enumerate(attacks):
        place = folder / f"target{number}.json"
        world.target(seconds or attack.seconds, world.strangers[number]).save(place)
        running[attack.name] = subprocess.Popen(
            [sys.executable, "-m", "bench.siege.one", attack.name, str(place)],
            cwd=_server.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    until = time.monotonic() + (seconds or max(one.seconds for one in attacks)) + GRACE_S
    return {name: _verdict(process, until) for name, process in running.items()}


def _verdict(process: subprocess.Popen[bytes], until: float) -> Verdict:
    try:
        said, _ = process.communicate(timeout=max(0.1, until - time.monotonic()))
        return Verdict(**json.loads(said))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Verdict(False, "did not come to an end")
    except ValueError:
        return Verdict(False, "the attacker broke")


def besiege(
    options: argparse.Namespace, name: str, attacks: list[Attack], seconds: float | None
) -> Row:
    """Put a fresh server under attack while friends work in it."""
    with _server.temp_folder() as folder:
        world = World(options, folder, attacks)
        try:
            world.begin()
            disk, memory = disk_mib(world.data), Memory(world.server)
            memory.start()
            time.sleep(1)
            verdicts = carried_out(world, attacks, seconds, folder)
            time.sleep(1)
            seen = world.finish(memory, disk, list(verdicts.values()))
        finally:
            world.server.kill()
    return Row(name, verdicts, seen)


def siege(options: argparse.Namespace, chosen: list[Attack]) -> Iterator[Row]:
    """Carry out what was chosen, a group after the other, then all at once."""
    groups: dict[str, list[Attack]] = {}
    for attack in chosen:
        groups.setdefault(attack.group, []).append(attack)
    for name, attacks in groups.items():
        yield tried(options, name, attacks, None)
    together = [one for one in ATTACKS.values() if one.name not in ALONE]
    if not options.only or options.together:
        yield tried(options, TOGETHER, together, TOGETHER_S)


def tried(
    options: argparse.Namespace, name: str, attacks: list[Attack], seconds: float | None
) -> Row:
    """Put a server under attack; if it does not come back, that is the row."""
    begun = time.monotonic()
    try:
        row = besiege(options, name, attacks, seconds)
    except (*GONE, RuntimeError, subprocess.SubprocessError) as error:
        said = f"the server did not come back: {type(error).__name__} {str(error)[:120]}"
        row = Row(name, {one.name: Verdict(False, said) for one in attacks}, None)
    print(f"{time.monotonic() - begun:5.1f} s  {row.line()}", file=sys.stderr, flush=True)
    return row


def saved(place: Path) -> list[Row]:
    """Return the rows that a file holds."""
    return [Row.of(data) for data in json.loads(place.read_text())] if place.exists() else []


def kept(place: Path, rows: list[Row]) -> None:
    """Write rows into a file, in the place of those of the same name."""
    fresh = {row.name: row for row in rows}
    whole = [fresh.pop(row.name, row) for row in saved(place)]
    whole += fresh.values()
    whole.sort(key=lambda row: row.name == TOGETHER)
    place.write_text(json.dumps([row.data() for row in whole]))


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="bench.siege", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for the server")
    parser.add_argument("--root", type=Path, default=_server.ROOT, help="checkout under siege")
    parser.add_argument(
        "--only",
        default="",
        help="attacks, by name or its beginning: C1,H4; without the last round",
    )
    parser.add_argument("--together", action="store_true", help="with the last round after all")
    parser.add_argument("--before", type=Path, help="results of another checkout, from --save")
    parser.add_argument("--save", type=Path, help="keep the results here, as JSON")
    parser.add_argument("--list", action="store_true", help="name the attacks, and end")
    parser.add_argument(
        "--flat",
        action="store_true",
        help="instead: memory and descriptors over 10,000 connections and 1,000 aborted uploads",
    )
    options = parser.parse_args()
    wanted = [word.strip() for word in options.only.split(",") if word.strip()]
    chosen = [
        attack
        for name, attack in ATTACKS.items()
        if not wanted or any(name.startswith(word) for word in wanted)
    ]
    if options.list:
        print("\n".join(f"{attack.name}: {attack.sends}" for attack in chosen))
        return
    _server.begin()
    if options.flat:
        shown, stays_flat = flat.measured(options)
        print(shown)
        sys.exit(not stays_flat)
    rows = []
    for row in siege(options, chosen):
        rows.append(row)
        if options.save:  # at once: a run is long
            kept(options.save, [row])
    if options.save:
        rows = saved(options.save)
    before = saved(options.before) if options.before else []
    print(table(rows, before))
    print(f"\n{describe()}.")
    sys.exit(not all(row.held for row in rows))


if __name__ == "__main__":
    main()
