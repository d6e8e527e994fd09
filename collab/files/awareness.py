"""Who edits a text with Yjs, and what each editor tells of itself: name, colour, cursor."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import ApiError
from .yprotocol import State

#: Bytes of one editor's state, and editors of one connection.
STATE_LIMIT, EDITORS_LIMIT = 4096, 16


class TooMuch(ApiError):
    """An editor may tell 4 KiB of itself, and a connection may be for 16 editors."""

    status = 413


@dataclass
class _Editor:
    state: State
    owner: object
    user_id: int


@dataclass
class Awareness:
    """The editors of all texts, each the connection's that told of it first."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _texts: dict[int, dict[int, _Editor]] = field(default_factory=dict)

    def tell(self, file_id: int, owner: object, user_id: int, told: list[State]) -> list[State]:
        """Take in what a connection tells; returns what of it is news and its own to tell.

        Editors repeat what they hear, so what others own is passed over. A person may take over an
        editor from another connection of his: the old one may not know yet that it is broken.
        Raises TooMuch.
        """
        with self._lock:
            editors = self._texts.setdefault(file_id, {})
            news = [one for one in told if _is_news(one, editors.get(one.client), owner, user_id)]
            mine = {key for key, editor in editors.items() if editor.owner is owner}
            mine |= {one.client for one in news}
            if len(mine) > EDITORS_LIMIT or any(len(one.json) > STATE_LIMIT for one in news):
                raise TooMuch()
            for one in news:
                editors[one.client] = _Editor(one, owner, user_id)
                if one.gone:
                    del editors[one.client]
            return news

    def leave(self, file_id: int, owner: object) -> list[State]:
        """Forget a connection's editors; returns what to tell the others."""
        with self._lock:
            editors = self._texts.get(file_id, {})
            gone = [editor.state for editor in editors.values() if editor.owner is owner]
            for state in gone:
                del editors[state.client]
            if not editors:
                self._texts.pop(file_id, None)
        return [State(state.client, state.clock, b"null") for state in gone]

    def states(self, file_id: int) -> list[State]:
        """Return all editors' states."""
        with self._lock:
            return [editor.state for editor in self._texts.get(file_id, {}).values()]


def _is_news(told: State, known: _Editor | None, owner: Any, user_id: int) -> bool:
    if known is None:
        return not told.gone
    if known.owner is not owner and known.user_id != user_id:
        return False
    clock = known.state.clock
    if known.owner is not owner and told.clock == clock:
        return not told.gone
    return told.clock > clock or (told.clock == clock and told.gone)
