"""Pieces of code that share a box, one after the other: to make one takes longer than they do.

A piece neither ends the program nor changes what the next one sees: all that it tries is refused,
or does no harm. What a piece said is looked for by it, so each has a test of its own.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

from collab.execution.placed import NO_FILES, Files

from .support import Execute, bare

#: What runs all of them; each line that it prints is the number of a piece, and what it said.
PYTHON_FRAME = """
import contextlib, io, json, linecache, traceback
for number, code in enumerate(CODES):
    said = io.StringIO()
    linecache.cache["piece"] = (len(code), None, code.splitlines(True), "piece")
    with contextlib.redirect_stdout(said):
        try:
            exec(compile(code, "piece", "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc(file=said)
    print(json.dumps([number, said.getvalue()]), flush=True)
"""

#: The same where nothing is refused: each in a process of its own, so that the next one sees
#: nothing of what it has become.
PYTHON_FRAME_OF_FORKS = """
import json, os, sys
for number, code in enumerate(CODES):
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.dup2(theirs, 1)
        os.close(theirs)
        try:
            exec(compile(code, "piece", "exec"), {"__name__": "__main__"})
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(theirs)
    with open(ours) as said:
        print(json.dumps([number, said.read()]), flush=True)
    os.wait()
"""

#: A piece of JavaScript has said all with its first line; until then, the next one waits.
JAVASCRIPT_FRAME = """
(async () => {
  for (const [number, code] of CODES.entries()) {
    const said = await new Promise((resolve) => {
      const log = (...words) => resolve(words.join(" ") + "\\n");
      try {
        new Function("require", "console", code)(require, { log });
      } catch (error) {
        resolve(String(error));
      }
    });
    require("fs").writeSync(1, JSON.stringify([number, said]) + "\\n");
  }
  process.exit(0);
})();
"""

FRAMES = {"python": PYTHON_FRAME, "javascript": JAVASCRIPT_FRAME}
FRAMES_WITHOUT = FRAMES | {"python": PYTHON_FRAME_OF_FORKS}


class Together:
    """Pieces of code, and what they said to whom."""

    def __init__(self, files: Files = NO_FILES) -> None:
        self._files = files
        self._codes: dict[str, list[str]] = {"python": [], "javascript": []}
        self._said: dict[tuple[str, Execute | None], list[str]] = {}

    def add(self, **codes: str) -> Piece:
        """Add a piece, in one language or both: `add(python="print(1)")`."""
        piece = Piece(self, {language: len(self._codes[language]) for language in codes})
        for language, code in codes.items():
            self._codes[language].append(code)
        return piece

    def said(self, language: str, execute: Execute | None) -> list[str]:
        """Return what each piece of a language says to who runs it like this; it is run once.

        None is to run them without the sandbox.
        """
        if (language, execute) not in self._said:
            frame = FRAMES[language] if execute else FRAMES_WITHOUT[language]
            code = frame.replace("CODES", json.dumps(self._codes[language], ensure_ascii=False))
            printed = (
                execute(code, language, files=self._files).stdout
                if execute
                else bare(code, language)
            )
            self._said[language, execute] = self._read(printed, language)
        return self._said[language, execute]

    def _read(self, printed: str, language: str) -> list[str]:
        """Return what each piece said; of one that ended the program, and all after it, nothing."""
        said = [f"nothing; all together said {printed}"] * len(self._codes[language])
        for line in printed.splitlines():
            with contextlib.suppress(ValueError):  # what replaced the program says other things
                number, text = json.loads(line)
                said[number] = text
        return said


@dataclass(frozen=True)
class Piece:
    """A piece of code, by its place among those of each language."""

    together: Together
    places: dict[str, int]

    def said(self, execute: Execute | None, language: str = "python") -> str:
        """Return what it says where it is run like this."""
        return self.together.said(language, execute)[self.places[language]]
