"""Which texts are open in an editor that takes line feeds (LF) as line breaks, and no others.

CodeMirror counts a line break as one character, whatever it is in the text. Its binding to Yjs does
the same, and so places what is typed one character too early for each CR LF before it. So while
such an editor is there, nobody may bring a CR into its text.
"""

from __future__ import annotations

import threading
from collections import Counter

from ...core.slots import Slot


class LfTexts:
    """Counts the editors of each text that take LF only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._editors: Counter[int] = Counter()

    def enter(self, file_id: int) -> None:
        """Count an editor."""
        with self._lock:
            self._editors[file_id] += 1

    def leave(self, file_id: int) -> None:
        """Forget an editor."""
        with self._lock:
            # Counted, since one person may have the text open in two such windows.
            self._editors[file_id] -= 1
            if not self._editors[file_id]:
                del self._editors[file_id]

    def __contains__(self, file_id: int) -> bool:
        """Return whether a text is open in such an editor."""
        return file_id in self._editors


LF_TEXTS: Slot[LfTexts] = Slot("texts with line feeds", lambda _: LfTexts())
