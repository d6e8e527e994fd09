"""Lists as they were last sent: the tag of each, and the answer itself as far as there is room.

Each is kept by who asked for what in which form, together with the state of the database that it
was read from (`core/database/commits.py`), and is found for that state alone. So nobody is given
what they may not read now, and people who have written read what they wrote.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from flask import Flask, Response

from ...database.commits import COMMITS
from ...slots import Slot
from .shared_lists import SharedLists

#: One answer takes at most this part of the room, so that a few can't displace all others.
LARGEST_PART = 1 / 16
#: Headers kept with a list's answer; all others are made for each request.
KEPT_HEADERS = ("Content-Type", "Link")


class Answer(NamedTuple):
    """The answer to a list: 200 with this body."""

    body: bytes
    headers: dict[str, str]

    @classmethod
    def of(cls, response: Response) -> Answer:
        """Copy the parts of a response that are kept."""
        headers = response.headers
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        return cls(response.get_data(), kept)


class Kept(NamedTuple):
    """A list as it was at a version; without an answer, its tag is all that is known."""

    version: str
    tag: str
    answer: Answer | None = None

    @property
    def size(self) -> int:
        """Return the bytes of the answer."""
        if self.answer is None:
            return 0
        # The caller determines how long the link to the next page is.
        return len(self.answer.body) + sum(map(len, self.answer.headers.values()))


class KeptLists:
    """The last lists of this process, and those that other processes have put where all find them.

    `most` limits their number, and `room` the bytes of their answers.
    """

    def __init__(self, most: int, room: int, shared: SharedLists | None = None) -> None:
        self.most, self._room, self._shared = most, room, shared
        self._lock, self._used = threading.Lock(), 0
        self._lists: OrderedDict[bytes, Kept] = OrderedDict()

    @property
    def has_answers(self) -> bool:
        """Return whether answers are kept besides tags."""
        return bool(self.most and self._room)

    def find(self, asked: bytes, version: str) -> Kept | None:
        """Return the list that is asked for, if nothing was committed since it was read."""
        with self._lock:
            kept = self._lists.get(asked)
            if kept is not None and kept.version == version:
                self._lists.move_to_end(asked)
                return kept
        return self._from_others(asked, version)

    def _from_others(self, asked: bytes, version: str) -> Kept | None:
        found = None if self._shared is None else self._shared.find(asked, version)
        if found is None:
            return None
        tag, body, headers = found
        kept = Kept(version, tag, Answer(body.encode(), headers))
        self._put(asked, kept)
        return kept

    def keep(self, asked: bytes, kept: Kept) -> None:
        """Keep a list, in place of the former one; those unused for longest go."""
        if kept.size > self._room * LARGEST_PART:
            kept = kept._replace(answer=None)
        self._put(asked, kept)
        if self._shared is not None and kept.answer is not None:
            body, headers = kept.answer
            self._shared.keep(asked, kept.version, (kept.tag, body.decode(), headers))

    def _put(self, asked: bytes, kept: Kept) -> None:
        with self._lock:
            former = self._lists.pop(asked, None)
            self._used += kept.size - (former.size if former else 0)
            self._lists[asked] = kept
            while len(self._lists) > self.most or self._used > self._room:
                self._used -= self._lists.popitem(last=False)[1].size

    def close(self) -> None:
        """Close what is open."""
        if self._shared is not None:
            self._shared.close()

    def __len__(self) -> int:
        return len(self._lists)


def _of(app: Flask) -> KeptLists:
    config = app.config
    most, room = config["LIST_TAGS"], config["LIST_CACHE_MB"] * 2**20
    shared = None
    if most and room and config["REDIS_URL"] and COMMITS.of(app).is_shared:
        shared = SharedLists(config["REDIS_URL"], room)
    return KeptLists(most, room, shared)


KEPT_LISTS: Slot[KeptLists] = Slot("kept lists", _of)
