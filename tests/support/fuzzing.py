"""Updates at random, as editors send them and as they don't, and what a document makes of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from collab.files.editing.document import Document
from collab.files.editing.proof import is_made_by, restored
from collab.files.text.units import from_units, to_units
from collab.files.updates import parsing
from collab.files.updates.bounds import MAX_CLIENTS, Unusable
from collab.files.updates.merge_cost import Spoilt

from . import updates as by_hand
from .oracle import StockYjs

EDGES = (0, 1, 2, 4, 7, 8, 10, 117, 118, 127, 128, 129, 255)


@dataclass
class Outcome:
    """What became of some updates."""

    #: Those that were not refused: at once, or when what they had waited for had come.
    taken: list[bytes]
    text: str
    vector: list[list[int]]
    #: What is wrong with what was stored: it is not whole, or not the same when it is loaded.
    wrong: list[str]
    #: Whether the text has another order when its state is loaded, which is put right.
    moved: bool


def carried_out(updates: list[bytes]) -> Outcome:
    """Merge updates into a new document, as the writer's thread does."""
    document, taken, stored, wrong = Document(), [], [], []
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
        if document.units != to_units(str(document._library.text)):
            wrong.append("what was told of a change is not what has become of the text")
    moved = not is_made_by(document, [document.state()])
    wrong += _wrong(document, stored)
    if moved:
        wrong += _wrong_after_restoring(document)
    text, vector = from_units(document.units), _vector(document)
    return Outcome(_still_taken(taken, stored), text, vector, wrong, moved)


def _still_taken(updates: list[bytes], stored: list[bytes]) -> list[bytes]:
    """Return the updates that are not refused once all that they may refer to has come."""
    kept, document = [], None
    for update in updates:
        if document is None:
            document = Document()
            document.load(stored)
        try:
            document.merge(update)
        except Unusable as error:
            document = None if isinstance(error, Spoilt) else document
            continue
        kept.append(update)
    return kept


def _wrong(document: Document, stored: list[bytes]) -> list[str]:
    found = []
    for what, updates in ("updates", stored), ("state", [document.state()]):
        again = Document()
        again.load(updates)
        if not again.sound or _vector(again) != _vector(document):
            found.append(f"what was stored as {what} is not whole")
    return found


def _wrong_after_restoring(document: Document) -> list[str]:
    found = restored(document)
    if found is None:  # then there is no checkpoint, and the updates are kept
        return []
    return [] if found[0].units == document.units else ["it can't be restored"]


def _vector(document: Document) -> list[list[int]]:
    return sorted([*one] for one in parsing.read_vector(document.vector(), MAX_CLIENTS).items())


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


def crafted(chance: random.Random) -> list[bytes]:
    """Return updates that no editor made, whose structs stand beside any others, in any order."""
    crafter = Crafter(chance)
    made = [crafter.update() for _ in range(chance.randint(3, 30))]
    return disordered(made, chance) if chance.random() < 0.5 else made


Parent = str | tuple[int, int]


class Crafter:
    """Writes updates of four clients; each id stands for one thing."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._clocks = dict.fromkeys(range(1, 5), 0)
        #: What is in each root and type.
        self._ids: dict[Parent, list[tuple[int, int]]] = {"content": [], "list": []}

    def update(self) -> bytes:
        chance, clocks, sections = self._chance, self._clocks, []
        for client in chance.sample(sorted(clocks), chance.choice((0, 1, 1, 1, 2, 4))):
            start, structs = clocks[client], []
            for _ in range(chance.randint(1, 3)):
                struct, length = self._struct(client, clocks[client])
                structs.append(struct)
                clocks[client] += length
            sections.append(by_hand.section(client, start, *structs))
        deletes = {}
        if chance.random() < 0.4:
            client = chance.choice(sorted(clocks))
            clock = max(0, clocks[client] - chance.randint(-1, 6))
            deletes[client] = [(clock, chance.randint(1, 4)), (clock + 6, 1)]
        return by_hand.update(*sections, deletes=deletes)

    def _struct(self, client: int, clock: int) -> tuple[bytes, int]:
        chance = self._chance
        if chance.random() < 0.05:
            return by_hand.blank(by_hand.GC, 2), 2
        parent = chance.choice(list(self._ids))
        near = [at for at in self._ids[parent][-12:] if at[0] != client or at[1] < clock]
        beside: dict[str, Any] = {"parent": parent if near or isinstance(parent, str) else "list"}
        if near:
            sides = chance.choice(((), ("left",), ("left",), ("right",), ("left", "right")))
            beside |= {side: chance.choice(near) for side in sides}
        kind, content, length = self._content(client, clock)
        self._ids[beside["parent"]] += [(client, clock + number) for number in range(length)]
        return by_hand.item(kind, content, **beside), length

    def _content(self, client: int, clock: int) -> tuple[int, bytes, int]:
        chance, kind = self._chance, self._chance.random()
        if kind < 0.8:
            word = chance.choice(("a", "bc", "😀", "x😀y", "é", "def"))
            return by_hand.STRING, by_hand.sized(word.encode()), len(word.encode("utf-16-le")) // 2
        if kind < 0.88:
            length = chance.randint(1, 3)
            return by_hand.DELETED, by_hand.number(length), length
        if kind < 0.94:
            self._ids[client, clock] = []
            return by_hand.TYPE, bytes((chance.choice((0, 1, 2)),)), 1
        return by_hand.ANY, b"\1" + by_hand.nested(2), 1


def one_thing_each(updates: list[bytes]) -> bool:
    """Tell whether each id stands for one thing, and ranges are apart and in order, as in editors.

    Else Yjs itself makes of them what depends on when they come, and on how it keeps what waits.
    """
    seen: dict[tuple[int, int], bytes] = {}
    for update in map(parsing.read, updates):
        for found in update.structs.values():
            for struct in found:
                data = update.data[struct.start : struct.end]
                for clock in range(struct.clock, min(struct.next, struct.clock + 64)):
                    if seen.setdefault((struct.client, clock), data) != data:
                        return False
        if not all(map(_apart, update.deletes.values())):
            return False
    return True


def _apart(ranges: list[tuple[int, int]]) -> bool:
    return all(at + length <= after for (at, length), (after, _) in pairwise(ranges))


def as_yjs_has_it(outcome: Outcome, theirs: dict[str, Any]) -> bool:
    """Tell whether a text is what Yjs makes of the same updates.

    While something is missing, Yjs may have cut a character already for what still has to wait: it
    looks for the neighbours of what it knows, too. The document cuts it when that comes.
    """
    text = theirs["text"]
    if theirs["pending"] and len(outcome.text) != len(text):
        text = _with_characters_of(outcome.text, text)
    return (outcome.text, outcome.vector) == (text, theirs["vector"])


def fault(outcome: Outcome, yjs: StockYjs, *, changed: bool) -> str | None:
    """Return what stock Yjs makes otherwise of the same updates: an empty text is nothing.

    None: of bytes that were changed Yjs itself makes one text or another.
    """
    theirs = yjs.apply(outcome.taken)
    if theirs["failed"]:
        return f"Yjs: {theirs['failed'][0]}"
    if changed and not (one_thing_each(outcome.taken) and theirs["text"] == theirs["reload"]):
        return None
    if as_yjs_has_it(outcome, theirs):
        return ""
    return f"{outcome.text!r}, and with Yjs {theirs['text']!r}"


def _with_characters_of(ours: str, theirs: str) -> str:
    """Return a text in which two marks are one character again where another text has it."""
    parts: list[str] = []
    for character in ours:
        marks = "\ufffd" * len(to_units(character))
        is_cut = len(marks) == 2 and theirs.startswith(marks)
        parts.append(character if is_cut else theirs[:1])
        theirs = theirs[len(marks) if is_cut else 1 :]
    return "".join(parts) + theirs
