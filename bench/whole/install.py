"""The peers: what they are made of is installed when it is first needed, into ignored folders."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench._server import PEER_PYTHON, PEERS, ROOT

VENV = PEERS / ".venv"
MODULES = PEERS / "node_modules"
REQUIREMENTS = ROOT / "bench" / "requirements.txt"
PACKAGE = PEERS / "package.json"
STAMP = ".installed"
#: What the page names; of the rest nobody asks.
NAMED = {
    "celery", "django", "djangorestframework", "djangorestframework-simplejwt", "fastapi",
    "gunicorn", "pydantic", "redis", "sqlalchemy", "uvicorn", "uvloop",
}  # fmt: skip


def install() -> dict[str, str]:
    """Install what is not there; returns what failed, with its reason."""
    failures = {}
    for name, folder, source, commands in (
        ("peers in Python", VENV, REQUIREMENTS, _pip()),
        ("peers on Node", MODULES, PACKAGE, _npm()),
    ):
        stamp = folder / STAMP
        if stamp.exists() and stamp.read_text() == source.read_text():
            continue
        print(f"installing the {name}", file=sys.stderr, flush=True)
        try:
            for command in commands:
                subprocess.run(command, check=True, cwd=ROOT)
            stamp.write_text(source.read_text())
        except (OSError, subprocess.CalledProcessError) as error:
            failures[name] = f"could not be installed: {error}"
    return failures


def _pip() -> list[list[str]]:
    pip = [str(PEER_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(VENV)], [*pip, "-r", str(REQUIREMENTS)]]


def _npm() -> list[list[str]]:
    quiet = ["--no-audit", "--no-fund", "--no-package-lock"]
    return [["npm", "install", "--prefix", str(PEERS), *quiet]]


def versions() -> dict[str, str]:
    """Return the version of each peer that is installed."""
    found = {}
    if PEER_PYTHON.exists():
        command = [str(PEER_PYTHON), "-m", "pip", "list", "--format=json"]
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        listed = json.loads(shown or "[]")
        found = {one["name"]: one["version"] for one in listed if _name(one["name"]) in NAMED}
    for name in json.loads(PACKAGE.read_text())["dependencies"]:
        path = MODULES / name / "package.json"
        if path.exists():
            found[name] = json.loads(path.read_text())["version"]
    return found | _programs()


def _name(name: str) -> str:
    return name.lower().replace("_", "-")


def _programs() -> dict[str, str]:
    found = {}
    redis = shutil.which("redis-server")
    if redis:
        shown = subprocess.run([redis, "--version"], capture_output=True, text=True, check=False)
        found["Redis"] = shown.stdout.partition("v=")[2].partition(" ")[0]
    clusters = sorted(Path("/usr/lib/postgresql").glob("*"))
    return found | ({"PostgreSQL": clusters[-1].name} if clusters else {})
