"""Count what a fixed list of requests takes, and hold it against `bounds.json`: `make counts`.

    python -m bench.counts              # ends with status 1 where more is taken than may be
    python -m bench.counts --renew      # writes what is taken now as the bounds

Statements and system calls are the same on every machine. Instructions are told in times of a fixed
piece of Python, and bind only where interpreter and SQLite are built as those that the bounds were
written with. What may be taken is the bound and a margin. A counter that a machine forbids is
named, and passed over.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sqlite3
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench._stats import markdown
from bench.counts.counting import COUNTERS, NotHere

AT_ONCE = 2
BOUNDS = Path(__file__).parent / "bounds.json"
#: What may be taken beyond the bound, in parts of it, and at the least so many: above the noise.
MARGINS = {"statements": (0.0, 0.0), "system calls": (0.08, 2.0), "instructions": (0.05, 0.0)}
#: The key beside the kinds: what the instructions were counted of.
BUILD = "build"

Counts = dict[str, dict[str, float]]


def counted(only: list[str]) -> Counts:
    """Count; a counter that is not to be had here is left out."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {
            kind: pool.submit(COUNTERS[kind]) for kind in reversed(only)
        }  # the longest first
    found: Counts = {}
    for kind in only:
        try:
            found[kind] = running[kind].result()
        except NotHere as reason:
            print(f"{kind} can't be counted here: {reason}", file=sys.stderr)
    return found


def build() -> str:
    """Return what instructions depend on besides our code."""
    flags = f"{sysconfig.get_config_var('CONFIG_ARGS')} {sysconfig.get_config_var('CC')}"
    marks = hashlib.sha256(flags.encode()).hexdigest()[:8]
    python = f"Python {platform.python_version()} {platform.machine()} {marks}"
    return f"{python}, SQLite {sqlite3.sqlite_version}"


def may_be(kind: str, bound: float) -> float:
    """Return the most that is let pass."""
    part, least = MARGINS[kind]
    return bound + max(bound * part, least)


def over(found: Counts, bounds: Counts) -> list[str]:
    """Return what is more than may be, and what has no bound."""
    told = []
    for kind, counts in found.items():
        for name, count in counts.items():
            bound = bounds.get(kind, {}).get(name)
            if bound is None:
                told.append(f"{name}: no bound for {kind}")
            elif count > may_be(kind, bound):
                most = may_be(kind, bound)
                told.append(f"{name}: {count:g} {kind}, where {bound:g} was, {most:g} may be")
    return told


def table(found: Counts, bounds: Counts) -> str:
    """Return each count beside its bound."""
    names = list(dict.fromkeys(name for counts in found.values() for name in counts))
    head = ["request", *(word for kind in found for word in (kind, "bound"))]
    rows = []
    for name in names:
        row = [name]
        for kind, counts in found.items():
            bound = bounds.get(kind, {}).get(name)
            row += [f"{counts[name]:g}", "" if bound is None else f"{bound:g}"]
        rows.append(row)
    return markdown(head, rows)


def main() -> None:
    """Count, and compare or renew."""
    parser = argparse.ArgumentParser(prog="bench.counts", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write the bounds")
    parser.add_argument("--only", nargs="+", choices=list(COUNTERS), default=list(COUNTERS))
    options = parser.parse_args()
    kept = json.loads(BOUNDS.read_text()) if BOUNDS.exists() else {}
    here, there = build(), kept.pop(BUILD, "")
    found = counted(options.only)
    print(table(found, kept))
    if options.renew:
        BOUNDS.write_text(json.dumps({BUILD: here, **kept, **found}, indent=2) + "\n")
        return
    if here != there and found.pop("instructions", None):
        print(f"Instructions bind {there}, and this is {here}.", file=sys.stderr)
    slips = over(found, kept)
    for slip in slips:
        print(f"MORE THAN BEFORE {slip}", file=sys.stderr)
    if slips:
        print("If that is meant: python -m bench.counts --renew", file=sys.stderr)
    sys.exit(bool(slips))


if __name__ == "__main__":
    main()
