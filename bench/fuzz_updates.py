"""Updates at random, a million of them, against stock Yjs.

    python -m bench.fuzz_updates --seed 1 --updates 1000000

What is merged is merged in a process of its own, so that a crash of the CRDT's library is reported
with the seed that made it, and the run goes on. It can be begun again at any seed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from tests.support.fuzzing import Outcome, carried_out, crafted, disordered, fault, mutated
from tests.support.oracle import StockYjs

AT_ONCE = 50


def session(seed: int, yjs: StockYjs) -> tuple[str, list[bytes]]:
    """Return the kind of a session, and what is sent in it."""
    chance = random.Random(seed)
    kind = ("sent", "disordered", "mutated", "crafted")[seed % 4]
    if kind == "crafted":
        return kind, crafted(chance)
    sent = yjs.make(seed, chance.randint(3, 40))
    if kind == "disordered":
        return kind, disordered(sent, chance)
    return kind, mutated(sent, chance) if kind == "mutated" else sent


def wrong(kind: str, outcome: Outcome, yjs: StockYjs) -> str:
    """Return what is wrong with what became of a session."""
    if outcome.wrong:
        return outcome.wrong[0]
    if kind == "crafted":
        return ""
    return fault(outcome, yjs, changed=kind == "mutated") or ""


class Run:
    """Counts what was found."""

    def __init__(self) -> None:
        self.yjs, self.counts = StockYjs(), Counter[str]()
        self._pool = self._new_pool()

    @staticmethod
    def _new_pool() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def sessions(self, seeds: range) -> None:
        """Run some sessions; if one raises or kills the process, each by itself."""
        made = [session(seed, self.yjs) for seed in seeds]
        try:
            outcomes = list(self._pool.map(carried_out, [sent for _, sent in made], chunksize=10))
        except Exception:  # whatever it is, its seed is found by trying each
            self._pool = self._new_pool()
            outcomes = [
                self._alone(seed, sent) for seed, (_, sent) in zip(seeds, made, strict=True)
            ]
        for seed, (kind, sent), outcome in zip(seeds, made, outcomes, strict=True):
            self.counts["updates"] += len(sent)
            self.counts[kind] += len(sent)
            if outcome is None:
                continue
            self.counts["refused"] += len(sent) - len(outcome.taken)
            if found := wrong(kind, outcome, self.yjs):
                self.counts["wrong"] += 1
                print(f"seed {seed} ({kind}): {found}", flush=True)

    def _alone(self, seed: int, sent: list[bytes]) -> Outcome | None:
        try:
            return self._pool.submit(carried_out, sent).result()
        except BrokenProcessPool:
            self._pool = self._new_pool()
            return self._crashed(seed, "the process crashed")
        except Exception as error:
            return self._crashed(seed, f"raised {error!r}")

    def _crashed(self, seed: int, what: str) -> None:
        self.counts["crashed"] += 1
        print(f"seed {seed}: {what}", flush=True)


def main() -> None:
    """Run sessions until there were enough updates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first session's")
    parser.add_argument("--updates", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=60, help="at most")
    options = parser.parse_args()
    run, seed, began = Run(), options.seed, time.monotonic()
    while run.counts["updates"] < options.updates:
        if time.monotonic() - began > options.minutes * 60:
            break
        run.sessions(range(seed, seed + AT_ONCE))
        seed += AT_ONCE
    print(f"{time.monotonic() - began:.0f} s, next seed {seed}:", dict(run.counts))


if __name__ == "__main__":
    main()
