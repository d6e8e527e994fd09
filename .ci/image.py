"""Builds deploy/Dockerfile without Docker (dockerfile.py) and starts what comes of it.

As a container runs it: as the image's user, without any capability, on a root that can't be
written, with the system calls that deploy/seccomp.json leaves, and a network of its own. Then it is
asked how it is, as Docker asks (HEALTHCHECK), and has to run code in its sandbox; what a container
withholds makes that fail with a sentence, which is looked at, too.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyseccomp
from dockerfile import Build, Stage, Unknown, box, bytes_of

ROOT = Path(__file__).resolve().parent.parent
DATA = "/var/lib/collab"
#: Seconds that it may take to start on a busy machine, and to end.
START_S = 60.0
END_S = 20.0

#: What the sandbox says of itself.
SELF_TEST = """
from collab.execution.sandbox import Sandbox
print(Sandbox(wall_s=9, at_once=1).unavailable())
"""
READY = """
import http.client
asked = http.client.HTTPConnection("127.0.0.1", 5000)
asked.request("GET", "/ready")
answer = asked.getresponse()
print(answer.status, answer.read().decode())
"""
#: Of the flags of clone(2): a user namespace of one's own.
NEW_USER = 0x10000000
#: What containers withhold where nothing is set: Docker's own profile the first two.
NO_NAMESPACES = "no namespaces of one's own"
NO_MOUNTS = "no mounts"
HIDDEN_PROC = "parts of /proc are hidden"


def filter_of(profile: dict[str, Any], withheld: str) -> int:
    """Return a descriptor of a seccomp filter: what a profile denies, and what is withheld."""
    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in (name for rule in profile["syscalls"] for name in rule["names"]):
        with contextlib.suppress(ValueError, OSError):  # one that this processor does not have
            made.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    if withheld == NO_NAMESPACES:
        flagged = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, NEW_USER, NEW_USER)
        made.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", flagged)
        made.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
        made.add_rule(pyseccomp.ERRNO(errno.EPERM), "unshare")
    if withheld == NO_MOUNTS:
        made.add_rule(pyseccomp.ERRNO(errno.EPERM), "mount")
    descriptor = os.memfd_create("filter")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        made.export_bpf(file)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@contextlib.contextmanager
def contained(stage: Stage, withheld: str = "") -> Iterator[tuple[list[str], int]]:
    """Give the words that begin a command in the container, and the descriptor to hand over."""
    rules = filter_of(json.loads((ROOT / "deploy" / "seccomp.json").read_text()), withheld)
    user, _, group = stage.user.partition(":")
    words = [*box(stage, "--ro-bind"), "--bind", str(stage.inside(DATA)), DATA]
    words += ["--unshare-net", "--unshare-ipc", "--unshare-uts", "--seccomp", str(rules)]
    if withheld == HIDDEN_PROC:  # Docker lays something over parts of it
        words += ["--tmpfs", "/proc/irq"]
    words += ["--", "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    words += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    try:
        yield words, rules
    finally:
        os.close(rules)


def run_in(
    stage: Stage, command: list[str], withheld: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in a container of its own."""
    with contained(stage, withheld) as (words, rules):
        every = [*words, *command]
        return subprocess.run(every, pass_fds=[rules], capture_output=True, text=True)


class Container:
    """The server in its container."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        reads, writes = os.pipe()
        with contained(stage) as (words, rules):
            command = [words[0], "--info-fd", str(writes), *words[1:], *stage.command]
            self._process = subprocess.Popen(command, pass_fds=[rules, writes])
        os.close(writes)
        with os.fdopen(reads) as said:
            self._inside = json.load(said)["child-pid"]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the server, as `docker exec` does."""
        inside = ["nsenter", f"--target={self._inside}", "--mount", "--net", "--ipc", "--uts"]
        user, _, group = self._stage.user.partition(":")
        inside += [f"--setuid={user}", f"--setgid={group}", "--wdns=/app", "--"]
        environment = self._stage.environment
        return subprocess.run(
            [*inside, *command], env=environment, capture_output=True, text=True, timeout=60
        )

    def become_healthy(self) -> None:
        """Ask as HEALTHCHECK does until it is well."""
        until = time.monotonic() + START_S
        while (done := self.run(*self._stage.health)).returncode:
            if time.monotonic() > until or self._process.poll() is not None:
                sys.exit(f"It does not become healthy: {done.stderr}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End it as `docker stop` does."""
        os.kill(self._inside, signal.SIGTERM)
        code = self._process.wait(END_S)
        check(code == 0, f"SIGTERM ends it (exit code {code})")

    def kill(self) -> None:
        """Leave nothing."""
        self._process.kill()
        self._process.wait()


def check(holds: bool, what: str) -> None:
    """Say what holds; end with what does not."""
    print(f"  {'ok' if holds else 'NOT'}: {what}", flush=True)
    if not holds:
        sys.exit(1)


def serve(stage: Stage) -> None:
    """Start it, ask it, and end it."""
    check(run_in(stage, stage.health).returncode != 0, "HEALTHCHECK fails where nothing answers")
    running = Container(stage)
    try:
        running.become_healthy()
        check(True, "HEALTHCHECK is content once it serves")
        ready = running.run("python", "-c", READY).stdout
        check(ready.startswith("200 "), f"/ready: {ready.strip()[:70]}")
        who = running.run("python", "-c", "import os; print(os.getuid(), os.access('/app', 2))")
        check(who.stdout.split() == ["10001", "False"], "it is 10001, who can't write its code")
        running.stop()
    finally:
        running.kill()


def sandboxes(stage: Stage) -> None:
    """Show that code runs with what the profile leaves, and what is said where it can't."""
    test = ["python", "-c", SELF_TEST]
    said = run_in(stage, test)
    check(said.stdout.strip() == "None", f"the sandbox passes its self-test {said.stderr}")
    for withheld in (NO_NAMESPACES, NO_MOUNTS, HIDDEN_PROC):
        reason = run_in(stage, test, withheld).stdout.strip()
        check("sandbox failed its self-test" in reason, f"{withheld}: {reason}")


def main() -> None:
    """Build, start, ask."""
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "-nE", sys.executable, *sys.argv])  # noqa: S606, S607
    cache = Path(os.environ.get("PIP_CACHE_DIR") or Path.home() / ".cache" / "pip")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        try:
            stage = Build(ROOT, Path(folder), cache).run((ROOT / "deploy/Dockerfile").read_text())
        except Unknown as unknown:
            sys.exit(f"deploy/Dockerfile: {unknown} is not known here.")
        print(f"  {bytes_of(stage.root) / 2**20:.0f} MiB on top of the base image")
        sandboxes(stage)
        serve(stage)


if __name__ == "__main__":
    main()
