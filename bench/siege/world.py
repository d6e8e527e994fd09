"""The server under siege: started, peopled, watched, killed, and asked what it still knows."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench import _server
from bench._http import Api, register
from bench._stats import percentile
from bench.siege.friends import (
    Editor,
    Follower,
    Friend,
    JsonEditor,
    Requester,
    YjsEditor,
    compared,
    stop,
    waited,
)
from bench.siege.target import GONE, Account, Attack, Target, Verdict

PEOPLE = ("alice", "bob", "vera", "mario", "vito", "victim")
ROLES = {"bob": "collaborator", "vera": "viewer", "mario": "collaborator", "vito": "viewer"}
#: Seconds between two looks at the server's memory.
LOOK_S = 0.1
#: MiB that memory may grow over rest.
GROWTH_MIB = 200
#: Seconds that friends' requests may take, 99 of 100.
P99_S = 0.5


@dataclass
class Seen:
    """What one attack did to friends and machine."""

    p50_ms: float
    p99_ms: float
    refused: int
    asked: int
    lost: int
    doubled: int
    cuts: int
    edits_lost: int
    edits: int
    grown_mib: float
    restarts: int
    disk_mib: float

    @property
    def unharmed(self) -> bool:
        """Tell whether nobody and nothing took harm; a cut is none if nothing was lost by it."""
        lost = self.lost or self.doubled or self.edits_lost or self.refused or self.restarts
        worked = self.edits > 0 and self.asked > 0
        return worked and not lost and self.p99_ms <= P99_S * 1000 and self.grown_mib <= GROWTH_MIB


class Memory(threading.Thread):
    """Looks at the worker's peak of resident memory, and counts workers that were started."""

    def __init__(self, server: _server.Server) -> None:
        super().__init__(daemon=True)
        self.server, self.over = server, threading.Event()
        self.peak_kib, self.workers = 0, set[int]()
        self.rest_kib = self.look("VmRSS")
        for pid in self.workers:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM begins anew (proc(5))

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(LOOK_S):
            self.peak_kib = max(self.peak_kib, self.look("VmHWM"))

    def look(self, name: str) -> int:
        """Return a figure of the workers, in KiB."""
        largest = 0
        for pid in self.server.pids():
            with suppress(OSError, StopIteration, IndexError):
                text = Path(f"/proc/{pid}/status").read_text()
                values = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
                if self.server.process and int(values["PPid"]) == self.server.process.pid:
                    self.workers.add(pid)
                if name in values:  # a zombie has none
                    largest = max(largest, int(values[name].split()[0]))
        return largest


def disk_mib(folder: Path) -> float:
    """Return what a folder takes on the disk."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            total += file.stat().st_blocks * 512
    return total / 2**20


class World:
    """One server, its people, and the friends who work in it."""

    def __init__(self, options: argparse.Namespace, folder: Path, attacks: list[Attack]) -> None:
        self.port, self.folder = _server.free_port(), folder
        self.data = folder / "instance"
        self.data.mkdir(mode=0o700)
        env = {"INSTANCE_PATH": str(self.data), "ACCESS_TOKEN_MINUTES": "120"}
        for one in attacks:
            env |= dict(one.environment)
        command = [options.python, "app.py", "--port", str(self.port)]
        self.server = _server.Server(command, folder, env, options.root)
        self.server.start()
        _server.wait_health(self.server, self.port)
        self.accounts = self._people()
        #: A stranger for each attack, so that none uses up what another may do.
        self.strangers = [self._stranger(number) for number in range(len(attacks))]
        self.friends: list[Friend] = []

    def _people(self) -> dict[str, Account]:
        """Register everybody, each from an address of their own, and give them places."""
        apis = {
            name: register(self.port, name, f"127.0.1.{number}")
            for number, name in enumerate(PEOPLE, 1)
        }
        accounts = {}
        for name, api in apis.items():
            person = Account(name, api.token, api.want(200, "GET", "/api/v1/auth/me")["id"])
            if name not in ROLES:
                self._settle(api, person)
            accounts[name] = person
        alice = accounts["alice"]
        for name, role in ROLES.items():
            member = {"email": f"{name}@example.com", "role": role}
            apis["alice"].want(201, "POST", f"/api/v1/projects/{alice.project}/members", member)
            person = accounts[name]
            person.project, person.workspace = alice.project, alice.workspace
            person.file = alice.file
        for api in apis.values():
            api.close()
        return accounts

    def _stranger(self, number: int) -> Account:
        name = f"mallory{number}"
        api = register(self.port, name, f"127.0.1.{100 + number}")
        person = Account(name, api.token, api.want(200, "GET", "/api/v1/auth/me")["id"])
        self._settle(api, person)
        api.close()
        return person

    def _settle(self, api: Api, person: Account) -> None:
        name = {"name": f"{person.name}'s"}
        person.project = api.want(201, "POST", "/api/v1/projects", name)["id"]
        place = f"/api/v1/projects/{person.project}/workspaces"
        person.workspace = api.want(201, "POST", place, {"name": "Desk"})["id"]
        text = {"path": "text.md", "content": ""}
        files = f"/api/v1/workspaces/{person.workspace}/files"
        person.file = api.want(201, "POST", files, text)["id"]

    def target(self, seconds: float, mallory: Account | None = None) -> Target:
        """Return what attackers may know; `mallory` is the stranger that they are."""
        accounts = self.accounts | ({"mallory": mallory} if mallory else {})
        return Target(self.port, seconds, str(self.data), accounts)

    # -- friends ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Have the friends work."""
        alice, bob, vera = (self.accounts[name] for name in ("alice", "bob", "vera"))
        editors: list[Editor] = [
            JsonEditor(self.port, alice, "127.0.2.1"),
            YjsEditor(self.port, bob, "127.0.2.2", 77),
        ]
        followers = [Follower(self.port, one, "127.0.2.3") for one in (alice, vera)]
        requesters = [
            Requester(self.port, alice, "127.0.2.4"),
            Requester(self.port, bob, "127.0.2.5"),
        ]
        self.friends = [*followers, *editors, *requesters]
        last = self._log(0)[-1]
        for follower in followers:
            follower.start_id = last
        for friend in self.friends:
            friend.start()
        waited(lambda: all(editor.acked for editor in editors), 5)

    def _log(self, after: int) -> list[int]:
        """Return the ids of the project's log."""
        alice = self.accounts["alice"]
        api, ids = Api(self.port, alice.token, 20, "127.0.2.9"), [after]
        while True:
            path = f"/api/v1/events?topic=project:{alice.project}&after={ids[-1]}&limit=100"
            items = api.want(200, "GET", path)["items"]
            if not items:
                api.close()
                return ids
            ids += [int(item["id"]) for item in items]

    def crash(self) -> None:
        """SIGKILL the server and start it again: what was acknowledged must be there."""
        self.server.kill()
        self.server.start()
        _server.wait_health(self.server, self.port)

    def finish(self, memory: Memory, disk_before: float, verdicts: list[Verdict]) -> Seen:
        """Stop the friends, crash the server, and compare what they know with what it knows."""
        followers = [one for one in self.friends if isinstance(one, Follower)]
        others = [one for one in self.friends if one not in followers]
        stop(others)
        memory.over.set()
        memory.join()
        disk = disk_mib(self.data)
        cuts = sum(max(0, one.cuts) for one in self.friends if isinstance(one, Follower | Editor))
        self.crash()
        log = self._log(min(one.start_id for one in followers))
        waited(lambda: all(log[-1] in one.ids[-1:] for one in followers), 10)
        stop(list(followers))
        for verdict in verdicts:
            self._kept(verdict)
        asked = [one for one in others if isinstance(one, Requester)]
        lost = [compared(one, log) for one in followers]
        latencies = [latency for one in asked for latency in one.latencies]
        return Seen(
            p50_ms=percentile(latencies, 0.5) * 1000,
            p99_ms=percentile(latencies, 0.99) * 1000,
            refused=sum(one.refused.total() for one in asked),
            asked=len(latencies),
            lost=sum(one[0] for one in lost),
            doubled=sum(one[1] for one in lost),
            cuts=cuts,
            edits_lost=self._edits_lost() + self._tasks_lost(asked),
            edits=sum(len(one.acked) for one in self.friends if isinstance(one, Editor)),
            grown_mib=(memory.peak_kib - memory.rest_kib) / 1024,
            restarts=len(memory.workers) - 1,
            disk_mib=disk - disk_before,
        )

    def _text(self) -> str:
        alice = self.accounts["alice"]
        return self.content("alice", f"/api/v1/files/{alice.file}/content")

    def content(self, name: str, path: str) -> str:
        """Return a text as it is read, or what was answered instead."""
        person = next((one for one in self.strangers if one.name == name), self.accounts.get(name))
        api = Api(self.port, person.token if person else "", 20, "127.0.2.9")
        headers = {"Authorization": f"Bearer {api.token}"}
        api.connection.request("GET", path, headers=headers)
        answer = api.connection.getresponse()
        body = answer.read().decode(errors="replace")
        api.close()
        return body if answer.status == 200 else f"status {answer.status}"

    def _edits_lost(self) -> int:
        text = self._text()
        words = [word for one in self.friends if isinstance(one, Editor) for word in one.acked]
        return sum(word not in text for word in words)

    def _tasks_lost(self, requesters: list[Requester]) -> int:
        api, lost = Api(self.port, self.accounts["alice"].token, 20, "127.0.2.9"), 0
        for number in [number for one in requesters for number in one.made]:
            with suppress(*GONE):
                lost += api.call("GET", f"/api/v1/tasks/{number}")[0] == 404
        api.close()
        return lost

    def _kept(self, verdict: Verdict) -> None:
        """Look whether what an attack left acknowledged is still there after the crash."""
        for name, path, wanted in verdict.kept:
            found = self.content(name, path)
            if found != wanted:
                verdict.held = False
                verdict.said += f"; after a crash {found[:30]!r} instead of {wanted[:30]!r}"
