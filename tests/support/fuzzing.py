"""Updates at random, as editors send them and as they don't, and what a document makes of them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from collab.files.document import Document
from collab.files.units import from_units
from collab.files.updates import walk
from collab.files.updates.bounds import Unusable
from collab.files.updates.weighing import Spoilt

EDGES = (0, 1, 2, 4, 7, 8, 10, 117, 118, 127, 128, 129, 255)


@dataclass
class Outcome:
    """What became of some updates."""

    #: Those that were not refused.
    taken: list[bytes]
    text: str
    vector: list[list[int]]
    #: What is wrong with it by itself.
    wrong: list[str]


def carried_out(updates: list[bytes]) -> Outcome:
    """Merge updates into a new document, as the writer's thread does."""
    document, taken, stored = Document(), [], []
    for update in updates:
        try:
            merged = document.merge(update)
        except Unusable as error:
            if isinstance(error, Spoilt):
                document = Document()
                document.load(stored)
            continue
        taken.append(update)
        if merged is not None:
            stored.append(merged.update)
    return Outcome(taken, from_units(document.units), _vector(document), _wrong(document, stored))


def _wrong(document: Document, stored: list[bytes]) -> list[str]:
    found = []
    for what, updates in ("updates", stored), ("state", [document.state()]):
        again = Document()
        again.load(updates)
        if not again.sound:
            found.append(f"what was stored as {what} is not whole")
        if (again.units, again.vector()) != (document.units, _sorted(again, document)):
            found.append(f"loaded from its {what} it is {again.units!r}, not {document.units!r}")
    return found


def _sorted(again: Document, document: Document) -> bytes:
    """Return the vector of the loaded one if both are the same: their order is any."""
    return again.vector() if _vector(again) == _vector(document) else b""


def _vector(document: Document) -> list[list[int]]:
    return sorted([*one] for one in walk.read_vector(document.vector()).items())


def disordered(updates: list[bytes], chance: random.Random) -> list[bytes]:
    """Return updates in another order, or with some of them lost."""
    if chance.random() < 0.5:
        return chance.sample(updates, len(updates))
    return [one for one in updates if chance.random() < 0.8]


def mutated(updates: list[bytes], chance: random.Random) -> list[bytes]:
    """Return updates with a few bytes of some of them changed."""
    return [_mutated(one, chance) if chance.random() < 0.5 else one for one in updates]


def _mutated(update: bytes, chance: random.Random) -> bytes:
    data = bytearray(update)
    for _ in range(chance.randint(1, 3)):
        at, how = chance.randrange(len(data) or 1), chance.random()
        byte = chance.choice((*EDGES, chance.randrange(256)))
        if how < 0.6 and data:
            data[at] = byte if how < 0.4 else (data[at] + chance.choice((1, 255))) % 256
        elif how < 0.8:
            del data[at : at + 1]
        else:
            data.insert(at, byte)
    return bytes(data)
