"""Constants of modules, as the source has them: which share a line, which say too little."""

import ast
from collections.abc import Iterator
from pathlib import Path

from .sources import parsed

#: Words that say all there is to say, wherever they stand.
FIELD_WORDS = {"MIB", "ROOT", "VERSION", "PYTHON", "JAVASCRIPT"}
#: Files whose numbers have the names of the format that they are of.
FORMATS = {
    "files/updates/cursor.py",  # tags of values in an update of Yjs
    "files/updates/structs.py",  # kinds of structs in it
    "files/hocuspocus_door/protocol.py",  # messages of @hocuspocus/provider
    "files/yjs/protocol.py",  # messages of y-websocket
    "realtime/transport/frames.py",  # opcodes of RFC 6455 §11.8
    "functions/handlers/thumbnail.py",  # `INPUT` is how a handler says what it takes
}
#: Calls whose product is named for what it holds, or is a type.
KEEPERS = {"Slot", "Registry", "Contributions", "ration_slot", "TypeVar", "ParamSpec"}
#: Calls of `core/counting/metrics.py`, whose product is named for what it counts.
COUNTERS = {"counter", "gauge", "histogram"}
COLLECTIONS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.DictComp)


def _is_constant(name: str) -> bool:
    return name.isupper() and any(letter.isalpha() for letter in name)


def _assigned(path: Path) -> Iterator[tuple[list[ast.expr], ast.expr]]:
    """Yield what each statement at a module's top assigns to, and the value."""
    for node in parsed(path).body:
        if isinstance(node, ast.Assign):
            yield node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield [node.target], node.value


def _names(targets: list[ast.expr]) -> list[str]:
    names = [node.id for one in targets for node in ast.walk(one) if isinstance(node, ast.Name)]
    return [name for name in names if _is_constant(name)]


def crowded(path: Path) -> list[str]:
    """Return the constants that share a statement with others."""
    return [", ".join(names) for targets, _ in _assigned(path) if len(names := _names(targets)) > 1]


def _says_itself(name: str, value: ast.expr) -> bool:
    """Return whether one word is enough for a value."""
    called = getattr(value, "func", None)
    called = getattr(called, "value", None) if isinstance(called, ast.Subscript) else called
    if getattr(called, "id", None) in KEEPERS or getattr(called, "attr", None) in COUNTERS:
        return True
    if isinstance(value, COLLECTIONS):  # the plural says what each of them is
        return name.endswith("S")
    if isinstance(value, ast.Constant) and isinstance(value.value, str):  # a state is its name
        return value.value.upper() == name
    return isinstance(value, ast.Attribute) and value.attr == "__table__"


def bare(path: Path, name: str) -> list[str]:
    """Return the constants whose one word says neither unit nor thing; `name` is the file's."""
    return [
        constant
        for targets, value in _assigned(path)
        for constant in _names(targets)
        if "_" not in constant  # a private one (`_PART`) is read where it is used
        and constant not in FIELD_WORDS
        and name not in FORMATS
        and not _says_itself(constant, value)
    ]
