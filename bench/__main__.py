"""All benchmarks in one run, ours beside its peers: writes `bench/RESULTS.md` and its pictures.

    python -m bench                    # 25 minutes, on a machine that does nothing else
    python -m bench --only edits jobs  # some parts
    python -m bench --quick            # a smoke of each
    python -m bench --save a.json      # also for `python -m bench.compare a.json b.json`

Each part is a process of its own; one that fails, or takes thrice its time, is reported, and the
others go on. Ends with status 1 if any has failed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench._machine import describe
from bench._server import PEER_PYTHON, ROOT
from bench.whole import install, report
from bench.whole.book import Book, load
from bench.whole.parts import PARTS

RESULTS = ROOT / "bench" / "RESULTS.md"
#: A part that takes so many times its budget, and this, hangs.
PATIENCE, PATIENCE_SECONDS = 3, 60.0
END_SECONDS = 30.0


def run(name: str, options: argparse.Namespace, folder: Path) -> Book:
    """Measure a part in a process of its own; what it failed of is in the book."""
    file = folder / "part.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.whole.one", name, str(file)]
    command += ["--python", options.python, "--peer-python", options.peer_python]
    command += ["--quick"] if options.quick else []
    command += ["--rounds", str(options.rounds)] if options.rounds else []
    attempts = {"BENCH_ATTEMPTS": "1"} if options.quick else {}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | attempts)
    try:
        process.wait(PARTS[name].budget * PATIENCE + PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        end(process)
    except BaseException:
        end(process)
        raise
    found = load(file) if file.exists() else Book()
    if process.returncode:
        found.failures.setdefault(name, f"took too long, or ended: status {process.returncode}")
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    """End a part; it ends its servers when it is asked to."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def about(options: argparse.Namespace, parts: list[str]) -> dict[str, Any]:
    """Return what the page's head says, as far as it is known before."""
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip() or "unknown",
        "machine": describe(),
        "versions": install.versions(),
        "quick": options.quick,
        "parts": parts,
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=[], metavar="PART")
    parser.add_argument("--quick", action="store_true", help="a smoke, which is for no page")
    parser.add_argument("--save", type=Path, help="a file for what was found, as JSON")
    parser.add_argument("--out", type=Path, help="the page; bench/RESULTS.md")
    parser.add_argument("--rounds", type=int, help="at the most, instead of each part's own")
    parser.add_argument("--python", default=sys.executable, help="interpreter for ours")
    parser.add_argument("--peer-python", default=str(PEER_PYTHON), help="for the peers' own")
    return parser.parse_args()


def main() -> None:
    """Run the parts and write the page."""
    options = arguments()
    parts = report.asked_for(options.only)
    book = Book(failures=install.install())
    book.head = about(options, parts)
    begun, before = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        for name in parts:
            start = time.monotonic()
            print(f"== {name}", file=sys.stderr, flush=True)
            book.take(run(name, options, Path(folder)))
            print(f"== {name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    book.head["minutes"] = (time.monotonic() - begun) / 60
    book.head["load"] = [before, os.getloadavg()[0]]
    if options.save:
        book.save(options.save)
    if options.quick and not options.out:
        print(report.page(book))
    else:
        report.write(book, options.out or RESULTS)
    for name, reason in book.failures.items():
        print(f"FAILED {name}: {reason}", file=sys.stderr)
    sys.exit(bool(book.failures))


if __name__ == "__main__":
    main()
