"""Writers that go on publishing while a test does something else."""

from __future__ import annotations

import threading

from .people import Person
from .waiting import eventually


class Writer:
    """Publishes one event after the other from a thread, within a `with` block or until refused."""

    def __init__(self, person: Person, project_id: int) -> None:
        self._person, self._project_id = person, project_id
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer")
        #: The ids of what was acknowledged.
        self.ids: list[int] = []
        #: The status of the answer that ended it.
        self.refused = 0

    def _run(self) -> None:
        while not self._stopping.is_set():
            payload = {"n": len(self.ids)}
            body = {"type": "file_changed", "project_id": self._project_id, "payload": payload}
            answer = self._person.post("/events", body)
            if answer.status_code != 201:
                self.refused = answer.status_code
                return
            self.ids.append(int(answer.json()["id"]))

    def writes(self, more: int) -> None:
        """Wait until so many more events have been acknowledged, or one has been refused."""
        wanted = len(self.ids) + more
        eventually(lambda: len(self.ids) >= wanted or not self._thread.is_alive())

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
