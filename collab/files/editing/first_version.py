"""The first change of a text: the content it was created with."""

from __future__ import annotations

from ...core.caller import Caller
from ...extensions import db
from ..models import File, FileChange
from ..updates.owners import own_client
from .library import ROOT_NAME

REST = "rest"


def first_change(file: File, text: str, author: Caller) -> None:
    """Write a new file's text as its version 1, into the open transaction."""
    change = FileChange(
        file_id=file.id,
        version=1,
        base=0,
        author_id=author.user_id,
        door=REST,
        delta=[text],
        update=_update(text),
    )
    db.session.add(change)


def _update(text: str) -> bytes:
    """Return a text as the first update of a CRDT, which leaves memory with this call."""
    from pycrdt import Doc, Text  # large, and only needed where there are texts

    doc: Doc[Text] = Doc(client_id=own_client())
    doc.get(ROOT_NAME, type=Text).insert(0, text)
    return doc.get_update()
