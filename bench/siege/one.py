"""The attackers' process: carries one attack out, and prints its verdict as JSON."""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from bench import _server
from bench.siege import families  # noqa: F401 (each enters its attacks in the list)
from bench.siege.target import ATTACKS, Target, Verdict

#: An attacker gives way to friends on the core that they share, or would be what friends measure.
NICE = 10


def main() -> None:
    """Carry an attack out, by its name, against the target in a file."""
    os.sched_setaffinity(0, {_server.LOAD_CORE})
    os.nice(NICE)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000), most))
    attack, target = ATTACKS[sys.argv[1]], Target.load(Path(sys.argv[2]))
    try:
        verdict = attack.carry(target)
    except Exception as error:  # what broke it may be what it did to the server
        verdict = Verdict(False, f"{type(error).__name__}: {str(error)[:80]}")
    print(json.dumps(asdict(verdict)), flush=True)
    os._exit(0)  # threads may still hang in connections


if __name__ == "__main__":
    main()
