"""Which module imports which, read from the source: also what only the type checker imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .sources import nodes_of

#: A module's name below the house, in its parts.
Package = tuple[str, ...]


class Imports:
    """The arrows between a package's modules, named with dots below it; `a` is `a/__init__.py`."""

    def __init__(self, house: Path) -> None:
        files = sorted(path for path in house.rglob("*.py") if "migrations" not in path.parts)
        self.files = {_dotted(path.relative_to(house)): path for path in files}
        self.arrows = {
            name: set(self._found_in(path, house)) - {name} for name, path in self.files.items()
        }

    def _found_in(self, path: Path, house: Path) -> Iterator[str]:
        package = path.relative_to(house).parts[:-1]
        for base, name in _imported(path.read_text(), package, house.name):
            whole = ".".join((*base, name))
            yield whole if whole in self.files else ".".join(base)

    def circles(self) -> list[list[str]]:
        """Return each set of modules that reach one another (Tarjan, 1972)."""
        order: dict[str, int] = {}
        lowest: dict[str, int] = {}
        stack: list[str] = []
        found: list[list[str]] = []

        def visit(one: str) -> None:
            order[one] = lowest[one] = len(order)
            stack.append(one)
            for other in sorted(self.arrows[one] & self.arrows.keys()):
                if other not in order:
                    visit(other)
                if other in stack:
                    lowest[one] = min(lowest[one], lowest[other])
            if lowest[one] == order[one]:
                at = stack.index(one)
                found.append(sorted(stack[at:]))
                del stack[at:]

        for one in self.arrows:
            if one not in order:
                visit(one)
        return [circle for circle in found if len(circle) > 1]

    def routes_below(self) -> list[tuple[str, str]]:
        """Return who imports routes without being routes or the front of a package."""
        return sorted(
            (name, other)
            for name, others in self.arrows.items()
            for other in others
            if is_routes(other) and not is_routes(name) and self.files[name].name != "__init__.py"
        )


def is_routes(name: str) -> bool:
    """Return whether a module has this kind's name: `routes`, or `…_routes`."""
    last = name.rpartition(".")[2]
    return last == "routes" or last.endswith("_routes")


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imported(source: str, package: Package, top: str) -> list[tuple[Package, str]]:
    """Return what a module imports of ours, as (module below `top`, name in it)."""
    found = []
    for node in nodes_of(source):
        if isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = (*package[: len(package) - node.level + 1], *module)
            elif module[0] == top:
                base = module[1:]
            else:
                continue
            found += [(base, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
            found += [(one[1:-1], one[-1]) for one in names if one[0] == top and len(one) > 1]
    return found
