"""The servers that answer the same requests: ours, Express, FastAPI, Django REST framework."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import _server
from bench._http import Api, register
from bench._httpload import HttpLoad
from bench.whole.plan import Plan

FULL, NORMAL = "full", "normal"
FILLING_CONNECTIONS = 8

Maker = Callable[[Plan, int, Path, str], _server.Server]


def ours(plan: Plan, port: int, folder: Path, synchronous: str) -> _server.Server:
    """Return our server, not started."""
    return _server.ours(plan.python, port, folder, SQLITE_SYNCHRONOUS=synchronous)


def express(plan: Plan, port: int, folder: Path, synchronous: str) -> _server.Server:
    """Return the peer on Node, not started: one process, as all of them."""
    env = {"DATABASE": str(folder / "peer.db")} | _settings(synchronous)
    return _server.node("express_server.js", port, folder, **env)


def fastapi(plan: Plan, port: int, folder: Path, synchronous: str) -> _server.Server:
    """Return the peer, not started, with one worker and uvicorn's fastest parts."""
    command = [plan.peer_python, "-m", "uvicorn", "fastapi_server:app", "--app-dir"]
    command += [str(_server.PEERS), "--port", str(port), "--no-access-log", "--log-level"]
    env = {"DATABASE_URL": f"sqlite:///{folder}/peer.db"} | _settings(synchronous)
    return _server.Server([*command, "warning"], folder, env)


def django(plan: Plan, port: int, folder: Path, synchronous: str) -> _server.Server:
    """Return the peer, not started: gunicorn with one worker and threads, as ours."""
    command = [plan.peer_python, "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", "8"]
    command += ["--chdir", str(_server.PEERS), "-b", f"127.0.0.1:{port}", "drf.wsgi"]
    env = {"DATABASE": str(folder / "peer.db"), "DJANGO_SETTINGS_MODULE": "drf.settings"}
    return _server.Server(command, folder, env | _settings(synchronous))


def _settings(synchronous: str) -> dict[str, str]:
    return {"SECRET_KEY": secrets.token_hex(32), "SYNCHRONOUS": synchronous.upper()}


OURS, EXPRESS, FASTAPI, DRF = "ours", "Express", "FastAPI", "Django REST framework"
MAKERS: dict[str, Maker] = {OURS: ours, EXPRESS: express, FASTAPI: fastapi, DRF: django}


@dataclass
class Entrant:
    """A running server, with somebody who has projects, and tasks in the first of them."""

    name: str
    server: _server.Server
    api: Api
    project: int = 0

    def load(self, path: str, connections: int, **more: Any) -> HttpLoad:
        """Return connections that repeat a request as that person."""
        return HttpLoad(self.api.port, path, self.api.token, connections, **more)

    def send_often(self, path: str, body: bytes, count: int) -> None:
        """Send the same body so many times."""
        if count > 0:
            load = self.load(path, FILLING_CONNECTIONS, body=body)
            load.saturate(600.0, count)
            load.close()


def enter(
    name: str,
    plan: Plan,
    stack: ExitStack,
    synchronous: str = FULL,
    cores: str = str(_server.SERVER_CORE),
    **settings: str,
) -> Entrant:
    """Start one of them with a person in it; it ends with the stack."""
    folder, port = stack.enter_context(_server.temp_folder()), _server.free_port()
    server = MAKERS[name](plan, port, folder, synchronous)
    server.env |= settings
    server.runs_on(cores)
    stack.callback(server.stop)
    server.start()
    _server.wait_health(server, port)
    api = register(port)
    api.close()  # the server would, while others begin
    return Entrant(name, server, api)
