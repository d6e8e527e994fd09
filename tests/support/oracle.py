"""Stock Yjs under Node, asked what it makes of updates."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import Any

from collab.config import ROOT

from .npm import skip_without_node

SCRIPT = ROOT / "tests" / "files" / "oracle.mjs"


class StockYjs:
    """One Node process; asked many times, since it takes a while to start."""

    def __init__(self) -> None:
        skip_without_node("yjs")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._node = subprocess.Popen(["node", str(SCRIPT)], text=True, **pipes)  # type: ignore[call-overload]

    def _ask(self, **question: Any) -> Any:
        self._node.stdin.write(json.dumps(question) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def make(self, seed: int, edits: int) -> list[bytes]:
        """Return what some editors sent who edited at random, by code units."""
        return [base64.b64decode(one) for one in self._ask(make=seed, edits=edits)]

    def apply(self, updates: list[bytes]) -> dict[str, Any]:
        """Return text, vector and text after a reload, of updates in this order."""
        answer: dict[str, Any] = self._ask(
            apply=[base64.b64encode(one).decode() for one in updates]
        )
        return answer

    def close(self) -> None:
        self._node.kill()
        self._node.communicate()
