"""Readers that go on reading while a test does something else."""

from __future__ import annotations

import threading

from .people import Person
from .waiting import PATIENCE


class Poller:
    """Long polls a project from a thread until it is refused; a `with` block waits for that."""

    def __init__(self, person: Person, project_id: int, after: int) -> None:
        self._person, self._project_id, self._after = person, project_id, after
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)
        self.ids: list[int] = []
        #: The status of the answer that ended it.
        self.refused = 0

    def _run(self) -> None:
        while not self.refused:
            query = {"project_id": self._project_id, "after": self._after, "wait": 30}
            answer = self._person.get("/events", params=query)
            if answer.status_code != 200:
                self.refused = answer.status_code
                return
            page = answer.json()
            self.ids += [int(event["id"]) for event in page["items"]]
            self._after = page["last_id"]

    def __enter__(self) -> Poller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the poll goes on"
