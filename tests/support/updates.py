"""Updates of a document written byte by byte, as no editor would."""

from __future__ import annotations

from collab.files.updates.structs import number as number
from collab.files.yjs.protocol import sized as sized

Id = tuple[int, int]

GC, DELETED, STRING, TYPE, ANY, SKIP = 0, 1, 4, 7, 8, 10


def item(
    kind: int,
    content: bytes,
    left: Id | None = None,
    right: Id | None = None,
    parent: Id | str = "content",
) -> bytes:
    """Write a struct with content; what stands beside nothing is in its parent."""
    info = kind | (128 if left else 0) | (64 if right else 0)
    beside = b"".join(number(one[0]) + number(one[1]) for one in (left, right) if one)
    if not beside:
        named = isinstance(parent, str)
        beside = b"\1" + sized(parent.encode()) if named else b"\0" + _id(parent)  # type: ignore[union-attr, arg-type]
    return bytes((info,)) + beside + content


def _id(at: Id) -> bytes:
    return number(at[0]) + number(at[1])


def text(word: str, left: Id | None = None, right: Id | None = None) -> bytes:
    return item(STRING, sized(word.encode()), left, right)


def blank(kind: int, length: int) -> bytes:
    """Write what stands for nothing: GC or Skip."""
    return bytes((kind,)) + number(length)


def section(client: int, clock: int, *structs: bytes) -> bytes:
    return number(len(structs)) + number(client) + number(clock) + b"".join(structs)


def update(*sections: bytes, deletes: dict[int, list[tuple[int, int]]] | None = None) -> bytes:
    parts = [number(len(sections)), *sections, number(len(deletes or {}))]
    for client, ranges in (deletes or {}).items():
        parts += number(client), number(len(ranges))
        parts += (number(clock) + number(length) for clock, length in ranges)
    return b"".join(parts)


def nested(levels: int, opening: bytes = b"\x75\x01", closing: bytes = b"") -> bytes:
    """Write a value of lib0 in so many arrays, or in what is told."""
    return opening * levels + b"\x7e" + closing * levels
