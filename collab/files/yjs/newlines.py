"""`?newlines=lf`: a text's line breaks become LF, and stay so while its editor is there."""

from __future__ import annotations

from contextlib import suppress

from ...core.caller import Caller
from ...core.errors import Conflict, Forbidden, Unavailable, invalid
from ...extensions import db
from ..editing.changes import Change
from ..editing.newlines import LF_TEXTS
from ..editing.writer import writer
from ..text.tidying import tidied

#: How often others may change the text while its line breaks are being found.
MAX_TRIES = 3


def lf_wanted(wanted: str | None) -> bool:
    """Return whether the address's `newlines` asks for LF; raises Unprocessable."""
    if wanted not in (None, "lf"):
        raise invalid("query/newlines", "Must be `lf`, or be left out.")
    return wanted is not None


class Newlines:
    """Keeps a text's line breaks what one editor of it can count."""

    def __init__(self, file_id: int, caller: Caller) -> None:
        self._file_id, self._caller = file_id, caller
        self._here = False

    def begin(self, *, counts: bool) -> None:
        """Convert existing line breaks, in the opener's name; raises Forbidden, Unavailable.

        Those who only read (not `counts`) change nothing, and make nobody else write differently.
        """
        if counts:
            self._here = True
            LF_TEXTS.here().enter(self._file_id)  # from here on nobody brings another
        for _ in range(MAX_TRIES):
            with suppress(Conflict):
                self._convert()
                return
        raise Unavailable("The text changes too fast to convert its line breaks: connect again.")

    def _convert(self) -> None:
        ask = lambda document, version: (document.units, version)  # noqa: E731
        units, version = writer().ask(self._file_id, ask)
        delta = tidied(units, lf=True)
        if not delta:
            return
        db.session.rollback()  # the writer's thread waits for nobody
        try:
            writer().submit(Change(self._file_id, self._caller, "yjs", delta=delta, base=version))
        except Forbidden:
            raise Forbidden(
                "This text has line breaks other than LF; only people who may write convert them."
            ) from None

    def end(self) -> None:
        """Release the text, once."""
        if self._here:
            self._here = False
            LF_TEXTS.here().leave(self._file_id)
