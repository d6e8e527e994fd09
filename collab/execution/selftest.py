"""Proof, before any code is taken, that the sandbox holds: it tries to get out, and must fail."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

from .languages import JAVASCRIPT, PYTHON, Language
from .outcome import Outcome

#: What the code prints when it has seen and reached nothing.
CONFINED = "confined"

ATTEMPTS = {
    PYTHON.name: """
import os, socket
reached = [path for path in PATHS if os.path.lexists(path)]
try:
    socket.create_connection(("127.0.0.1", PORT), 1).close()
    reached.append("a server on loopback")
except OSError:
    pass
if not os.statvfs(".").f_flag & os.ST_NOEXEC:
    reached.append("programs of its own")
print(", ".join(reached) or "confined")
""",
    JAVASCRIPT.name: """
const fs = require("fs"), net = require("net");
const reached = PATHS.filter((path) => fs.existsSync(path));
const own = fs.readFileSync("/proc/self/mountinfo", "utf8").match(/.* \\/box .*/);
if (!own || !own[0].includes("noexec")) reached.push("programs of its own");
const done = () => console.log(reached.join(", ") || "confined");
const socket = net.connect(PORT, "127.0.0.1");
socket.on("connect", () => { reached.push("a server on loopback"); socket.destroy(); done(); });
socket.on("error", done);
""",
}


def attempt(language: Language, secrets: tuple[Path, ...], port: int) -> str:
    """Return code that looks for files, connects to a port, and prints what it reached."""
    paths = json.dumps([str(path) for path in secrets], ensure_ascii=False)
    return ATTEMPTS[language.name].replace("PORT", str(port)).replace("PATHS", paths)


def breach(
    language: Language, secrets: tuple[Path, ...], run: Callable[[str], Outcome]
) -> str | None:
    """Run the attempt against a real server; returns what went wrong, or None."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        outcome = run(attempt(language, secrets, server.getsockname()[1]))
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return _judged(outcome)
        return "it connected to a server on loopback"


def _judged(outcome: Outcome) -> str | None:
    said = outcome.stdout.strip()
    if (outcome.exit_code, said) == (0, CONFINED):
        return None
    if outcome.exit_code == 0:
        return f"it reached {said or 'its end without a word'}"
    ending = outcome.stopped or f"exit code {outcome.exit_code}"
    return f"it ended with {ending}: {outcome.stderr.strip()[-300:]}"
