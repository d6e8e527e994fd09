"""What an update is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

#: A client and its clock: who made something, and where in the sequence of their changes.
Id = tuple[int, int]
#: A range of one client's clocks: its beginning and its length.
Range = tuple[int, int]

GC = 0
DELETED = 1
JSON = 2
BINARY = 3
STRING = 4
EMBED = 5
FORMAT = 6
TYPE = 7
ANY = 8
DOC = 9
SKIP = 10
HAS_ORIGIN = 128
HAS_RIGHT = 64
HAS_KEY = 32


class Struct:
    """A piece of a document: `data[start:end]` are its bytes, which are the same anywhere."""

    __slots__ = (
        "client", "clock", "end", "inside", "kind", "left", "length", "parent", "right", "start",
        "text", "text_at",
    )  # fmt: skip

    client: int
    clock: int
    #: Code units of a string, values of a list, 1 for most others.
    length: int
    kind: int
    #: What its editor inserted it after, and before.
    left: Id | None
    right: Id | None
    #: The type that contains it: its id, or a root's name; None: that of its neighbours.
    parent: Id | str | None
    #: Its container, once that has been looked up; None where a type is gone.
    inside: Id | str | None
    start: int
    end: int
    #: For a string with characters of two code units: the string, and where its bytes begin.
    text: str | None
    text_at: int

    def make_blank(self) -> bool:
        """Turn it into GC; returns whether it was one before."""
        if self.kind == GC:
            return True
        self.kind, self.text, self.end = GC, None, self.start
        return False

    def written(self, data: bytes) -> bytes:
        """Return its bytes within its update."""
        found = data[self.start : self.end]
        return found or bytes((GC,)) + number(self.length)

    @property
    def id(self) -> Id:
        """Return the id of its beginning."""
        return self.client, self.clock

    @property
    def next(self) -> int:
        """Return the clock after it."""
        return self.clock + self.length


@dataclass
class Update:
    """An update, taken apart."""

    data: bytes
    #: By client, in the order of their clocks.
    structs: dict[int, list[Struct]] = field(default_factory=dict)
    #: By client.
    deletes: dict[int, list[Range]] = field(default_factory=dict)
    #: Whether everything that its bytes say is in here.
    clean: bool = True
    #: Whether it has characters of two code units.
    astral: bool = False

    @property
    def count(self) -> int:
        """Return how many structs there are."""
        return sum(map(len, self.structs.values()))


def number(value: int) -> bytes:
    """Write a number: seven bits to a byte, the lowest first."""
    if value < 128:
        return bytes((value,))
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def section(client: int, clock: int, structs: list[bytes]) -> bytes:
    """Write structs of a client that begin at a clock."""
    return number(len(structs)) + number(client) + number(clock) + b"".join(structs)


def update(runs: list[bytes], deletes: dict[int, list[Range]]) -> bytes:
    """Write an update from sections and deletions."""
    return number(len(runs)) + b"".join(runs) + ranges(deletes)


def ranges(deletes: dict[int, list[Range]]) -> bytes:
    """Write deletions."""
    parts = [number(len(deletes))]
    for client, found in deletes.items():
        parts += number(client), number(len(found))
        for clock, length in found:
            parts += number(clock), number(length)
    return b"".join(parts)
