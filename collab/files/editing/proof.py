"""A text's stored form is the text: proved by loading it, and repaired where it is not.

A text is kept twice: as updates of the CRDT, and as the changes that its history shows. Where the
two differ on loading, one of them is corrected by a change without an author.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select

from ...core.errors import ApiError
from ...extensions import db
from ..models import File
from ..text.delta import NO_CHANGE, Delta
from ..text.difference import difference
from ..text.units import to_units
from ..updates import parsing
from ..updates.merge_cost import Spoilt
from . import store
from .document import NO_UPDATE, Document
from .library import ROOT_NAME

logger = logging.getLogger(__name__)

#: Pieces and updates up to which the proof takes the stored form apart as loading does: that takes
#: some 15 ms.
LOOKED_THROUGH = 1_000
#: Code units times changes, up to which a history is put together in some 10 ms.
QUICK_UNITS = 5_000_000


@dataclass
class Proofs:
    """What the proofs have found since the process started."""

    proven: int = 0
    #: Texts whose stored form differed from the live one, which was kept.
    differed: int = 0
    #: Texts that were corrected when they were loaded.
    mended: int = 0


proofs = Proofs()


def is_made_by(document: Document, updates: list[bytes]) -> bool:
    """Return whether stored updates make the same text, and the same state vector."""
    if document.pieces + len(updates) > LOOKED_THROUGH:
        return _library_makes(document, updates)
    again = Document()
    again.load(updates)
    return (again.units, again.clocks) == (document.units, document.clocks)


def _library_makes(document: Document, updates: list[bytes]) -> bool:
    """Return whether the library makes it from them: taking them apart as well would be slow."""
    from pycrdt import Doc, Text  # large, and only needed once a text is opened

    again: Doc[Text] = Doc()
    text = again.get(ROOT_NAME, type=Text)
    for one in updates:
        again.apply_update(one)
    clocks = parsing.read_vector(again.get_state(), len(document.clocks))
    return (to_units(str(text)), clocks) == (document.units, document.clocks)


def restored(document: Document) -> tuple[Document, bytes] | None:
    """Return the same text in a document that is what its state says, and the change to it.

    Structures that no editor makes, such as text placed before what it follows, may be ordered
    differently here and on loading.
    """
    again = Document()
    again.load([document.state()])
    again.owners = document.owners
    try:
        change = again.change(difference(again.units, document.units))
    except Spoilt:
        return None
    return (again, change) if is_made_by(again, [again.state()]) else None


def holds(document: Document, updates: list[bytes]) -> bool:
    """Return whether updates make the document; counts it, and logs an error if they don't."""
    if is_made_by(document, updates):
        proofs.proven += 1
        return True
    proofs.differed += 1
    # The live one: its editors have seen it, and it was acknowledged.
    logger.error("a text is not what was stored of it; the live one is kept")
    return False


def mend(
    file_id: int, version: int, document: Document, changes: int
) -> tuple[Delta, bytes] | None:
    """Make a loaded text and its history agree; returns the change of either, None for none.

    The history is read where that is quick, and where there is reason for doubt.
    """
    is_quick = len(document.units) * changes < QUICK_UNITS
    is_doubtful = not document.sound or document.cut or _size(file_id) != document.size
    return _mended(file_id, version, document) if is_quick or is_doubtful else None


def _mended(file_id: int, version: int, document: Document) -> tuple[Delta, bytes] | None:
    """Decide which of the two is right, and change the other.

    If the CRDT is complete and a character was cut in two, the CRDT is right: its editors have the
    same. If part of it is missing, the history has what was acknowledged.
    """
    try:
        told = store.units_at(file_id, version)
    except ApiError:  # compacted meanwhile
        return None
    except ValueError as error:
        logger.error("the history of text %s does not lead to it: %s", file_id, error)
        return None
    if told == document.units:
        return None
    proofs.mended += 1
    logger.error("text %s was not what its history says; it was repaired", file_id)
    if document.sound and document.cut:
        return difference(told, document.units), NO_UPDATE
    return NO_CHANGE, document.change(difference(document.units, told))


def _size(file_id: int) -> int | None:
    return db.session.scalar(select(File.size).where(File.id == file_id))
