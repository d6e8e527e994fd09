"""Taking an update apart: one walk along its bytes, without recursion."""

from __future__ import annotations

from ..text.units import is_astral
from .bounds import MAX_CLIENTS, MAX_CLOCK, MAX_RANGES, MAX_STRUCTS, Unusable
from .cursor import OBJECT, Cursor
from .structs import (
    ANY,
    BINARY,
    DELETED,
    DOC,
    EMBED,
    FORMAT,
    GC,
    HAS_KEY,
    HAS_ORIGIN,
    HAS_RIGHT,
    JSON,
    SKIP,
    STRING,
    TYPE,
    Struct,
    Update,
    number,
)

#: Types of Yjs: array, map, text, element, fragment, hook, text in a fragment. The library can't
#: read hooks, which no editor makes any more.
ELEMENT_TYPE = 3
HOOK_TYPE = 5
XML_TEXT_TYPE = 6
#: A key that a sub-document may not have: JavaScript would call it as a function.
CALLED_OPTION = b"gcFilter"


def read(data: bytes, *, stored: bool = False) -> Update:
    """Take an update apart; raises Unusable.

    A `stored` update has already been accepted: it may be of any size, and structs of no length,
    which the library wrote where it cut a character in two, are skipped.
    """
    cursor, update = Cursor(data), Update(data)
    _structs(cursor, update, stored)
    _deletes(cursor, update, stored)
    if cursor.at != cursor.end:
        raise Unusable("it is not an update: there is something after its end")
    return update


def _structs(cursor: Cursor, update: Update, stored: bool) -> None:
    total = 0
    clients = cursor.count()
    if clients > MAX_CLIENTS and not stored:
        raise Unusable(f"it is from more than {MAX_CLIENTS} clients")
    for _ in range(clients):
        length, client, clock = cursor.count(), cursor.number(), cursor.number()
        total += length
        if total > MAX_STRUCTS and not stored:
            raise Unusable(f"it has more than {MAX_STRUCTS} structs")
        if client in update.structs:
            raise Unusable("it names a client twice")
        found = update.structs[client] = []
        for _ in range(length):
            struct = _struct(cursor, client, clock)
            clock += struct.length
            update.astral |= struct.text is not None
            if struct.length and clock <= MAX_CLOCK:
                found.append(struct)
            else:
                _pass_over(update, struct.length, stored)


def _struct(cursor: Cursor, client: int, clock: int) -> Struct:
    struct = Struct()
    struct.client, struct.clock = client, clock
    struct.left = struct.right = struct.parent = struct.text = None
    struct.start = cursor.at
    info = cursor.byte()
    kind = struct.kind = info & 31
    if kind in (GC, SKIP):
        if info != kind:
            raise Unusable(f"it is not an update: there is no struct {info}")
        struct.length = cursor.number()
    else:
        _neighbours(cursor, struct, info)
        _content(cursor, struct)
    struct.end = cursor.at
    return struct


def _neighbours(cursor: Cursor, struct: Struct, info: int) -> None:
    if info & HAS_ORIGIN:
        struct.left = (cursor.number(), cursor.number())
    if info & HAS_RIGHT:
        struct.right = (cursor.number(), cursor.number())
    if not info & (HAS_ORIGIN | HAS_RIGHT):
        named = cursor.number()
        if named > 1:
            raise Unusable("it is not an update: what a struct is in can't be read")
        struct.parent = cursor.text() if named else (cursor.number(), cursor.number())
        if info & HAS_KEY:
            cursor.text()
    for found in (struct.left, struct.right, struct.parent):
        if isinstance(found, tuple) and found[0] == struct.client and found[1] >= struct.clock:
            raise Unusable("it is not an update: a struct is put beside a later one of its client")


def _content(cursor: Cursor, struct: Struct) -> None:
    kind, struct.length = struct.kind, 1
    if kind == STRING:
        _string(cursor, struct)
    elif kind == DELETED:
        struct.length = cursor.number()
    elif kind == ANY:
        struct.length = cursor.count()
        for _ in range(struct.length):
            cursor.any()
    elif kind == JSON:
        # The library reads one text too many, and so misreads what follows: it would see structs
        # that nobody has checked.
        raise Unusable("it has values in an old format, which is not supported")
    elif kind == TYPE:
        _type(cursor)
    else:
        _single(cursor, kind)


def _string(cursor: Cursor, struct: Struct) -> None:
    text = cursor.text()
    struct.length = len(text)
    if is_astral(text):
        struct.text = text
        struct.text_at = cursor.at - len(text.encode())
        struct.length = len(text.encode("utf-16-le")) // 2


def _single(cursor: Cursor, kind: int) -> None:
    """Skip a content that counts as one."""
    if kind == BINARY:
        cursor.sized()
    elif kind == EMBED:
        cursor.json()
    elif kind == FORMAT:
        cursor.text()
        cursor.json()
    elif kind == DOC:
        cursor.text()
        start = cursor.at
        if cursor.any() != OBJECT or CALLED_OPTION in cursor.data[start : cursor.at]:
            raise Unusable("it has a sub-document that editors can't open")
    else:
        raise Unusable(f"it is not an update: there is no content {kind}")


def _type(cursor: Cursor) -> None:
    kind = cursor.number()
    if kind > XML_TEXT_TYPE or kind == HOOK_TYPE:
        raise Unusable(f"it has a type {kind}, which is not supported")
    if kind == ELEMENT_TYPE:
        cursor.text()


def _deletes(cursor: Cursor, update: Update, stored: bool) -> None:
    total = clients = cursor.count()
    for _ in range(clients):
        client, count = cursor.number(), cursor.count()
        total += count
        if total > MAX_RANGES and not stored:
            raise Unusable(f"it deletes more than {MAX_RANGES} ranges")
        if client in update.deletes:
            raise Unusable("it names a client twice")
        found = update.deletes[client] = []
        for _ in range(count):
            clock, length = cursor.number(), cursor.number()
            if 0 < length <= MAX_CLOCK - clock:
                found.append((clock, length))
            else:
                _pass_over(update, length, stored)


def _pass_over(update: Update, length: int, stored: bool) -> None:
    """Skip what was stored before such things were refused; raises Unusable."""
    update.clean = False
    if not stored:
        what = "a clock is too large" if length else "something has no length"
        raise Unusable(f"it is not an update: {what}")


def read_vector(data: bytes, most: int) -> dict[int, int]:
    """Take a state vector apart: how far somebody knows each client; raises Unusable.

    It may have at `most` this many clients: the document's, and those that one update may add.
    """
    cursor, clocks = Cursor(data), dict[int, int]()
    clients = cursor.count()
    if clients > most:
        raise Unusable(f"it is from more than {most} clients")
    for _ in range(clients):
        client, clock = cursor.number(), cursor.number()
        if client in clocks:
            raise Unusable("it is not a state vector: it names a client twice")
        clocks[client] = clock
    if cursor.at != cursor.end:
        raise Unusable("it is not a state vector: there is something after its end")
    return clocks


def write_vector(clocks: dict[int, int]) -> bytes:
    """Write a state vector."""
    pairs = (number(client) + number(clock) for client, clock in clocks.items())
    return number(len(clocks)) + b"".join(pairs)
