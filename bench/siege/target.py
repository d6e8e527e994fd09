"""What an attacker knows: where the server is, accounts and places; and what attackers share."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from bench._http import Api
from bench._wsclient import Client, Refused

#: What a connection may raise when the server refuses it, dies, or hangs.
GONE = (OSError, HTTPException, ValueError, Refused)
ATTACKER = "127.0.0.1"


@dataclass
class Account:
    """Somebody with a token; an attacker has a project, a workspace and a text of their own."""

    name: str
    token: str
    id: int
    project: int = 0
    workspace: int = 0
    file: int = 0


@dataclass
class Target:
    """The server under siege, and who is there.

    `accounts` are alice (owner), bob (collaborator) and vera (viewer) of the friends' project;
    mario (collaborator) and vito (viewer) in it who attack; mallory, a stranger; and victim.
    """

    port: int
    seconds: float
    folder: str
    accounts: dict[str, Account]

    def save(self, path: Path) -> None:
        """Write it for the attackers' process."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Target:
        """Read what `save` wrote."""
        data = json.loads(path.read_text())
        data["accounts"] = {key: Account(**one) for key, one in data["accounts"].items()}
        return cls(**data)

    def api(self, name: str = "", source: str = ATTACKER, timeout: float = 10.0) -> Api:
        """Return a client that acts for an account, or for nobody."""
        token = self.accounts[name].token if name else ""
        return Api(self.port, token, timeout, source)

    def follow(self, name: str, query: str = "", source: str = ATTACKER) -> Client:
        """Return an open socket of an account."""
        path = f"/ws?token={self.accounts[name].token}{query}"
        return Client(self.port, path, 5, source)

    def yjs(self, name: str, file: int, source: str = ATTACKER) -> Client:
        """Return an open connection to a text."""
        return Client(self.port, f"/yjs/{file}?token={self.accounts[name].token}", 5, source)

    def raw(self, source: str = ATTACKER, timeout: float = 5.0) -> socket.socket:
        """Return a bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout, (source, 0))


@dataclass
class Verdict:
    """What came of an attack as its sender sees it; `held` is whether the promise stands."""

    held: bool
    said: str
    #: What must be read after a crash: account, address, content.
    kept: list[tuple[str, str, str]] = field(default_factory=list)


Carry = Callable[[Target], Verdict]


@dataclass(frozen=True)
class Attack:
    """One attack: the lab's number, what is sent, and for how long at most."""

    name: str
    sends: str
    carry: Carry
    seconds: float
    group: str
    environment: tuple[tuple[str, str], ...] = ()


ATTACKS: dict[str, Attack] = {}


def attack(
    name: str, sends: str, seconds: float = 6.0, group: str = "", **environment: str
) -> Callable[[Carry], Carry]:
    """Enter a function in the list.

    Attacks of a group, by default of the same first word, are carried out side by side;
    `environment` are settings that are not the defaults.
    """

    def enter(carry: Carry) -> Carry:
        settings = tuple(environment.items())
        ATTACKS[name] = Attack(name, sends, carry, seconds, group or name.split()[0], settings)
        return carry

    return enter


# -- what most attacks do -------------------------------------------------------------------------


def until_over(target: Target, count: int, act: Callable[[int], bool]) -> list[int]:
    """Have `count` threads act again and again until the time is over; returns how often each did.

    An action that returns False ends its thread; one that fails is tried again.
    """
    until, done = time.monotonic() + target.seconds, [0] * count

    def work(number: int) -> None:
        while time.monotonic() < until:
            with suppress(*GONE):
                if not act(number):
                    return
                done[number] += 1
                continue
            time.sleep(0.2)

    threads = [
        threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()) + 3)
    return done


@contextmanager
def closing_all(connections: list[Any]) -> Iterator[None]:
    """Close connections afterwards, whatever became of them."""
    try:
        yield
    finally:
        for one in connections:
            with suppress(*GONE):
                one.close() if isinstance(one, socket.socket) else one.drop()


def close_code(client: Client, seconds: float) -> str:
    """Read on until the server closes: its code, `cut` without one, or `open` if it does not."""
    until = time.monotonic() + seconds
    try:
        while True:
            client.receive(max(0.01, until - time.monotonic()))
    except TimeoutError:
        return "open"
    except ConnectionError as error:
        words = str(error).split()
        return words[1] if words[:1] == ["closed"] and words[1].isdigit() else "cut"
    except OSError:
        return "cut"


def answered(data: bytes) -> str:
    """Return the status of a raw answer, `closed` for none."""
    words = data.split(b" ", 2)
    return words[1].decode() if len(words) > 1 and words[0].startswith(b"HTTP/") else "closed"


def exchange(sock: socket.socket, data: bytes) -> str:
    """Send bytes and return the status that comes; `open` if nothing does."""
    try:
        sock.sendall(data)
        return answered(sock.recv(65536))
    except TimeoutError:
        return "open"
    except OSError:
        return "closed"
