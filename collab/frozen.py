"""Frozen dataclasses that take no time before something is made of them.

`dataclasses` compiles six methods for each class. Of more than three hundred classes a process
makes something of few, and the methods of all took a seventh of its start. Those here share five,
and their initialiser is compiled when it is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import partial
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(cls: type[T], /) -> type[T]: ...


@overload
def frozen(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(Field, field))
def frozen(cls: Any = None, /, *, kw_only: bool = False) -> Any:
    """Do what `dataclass(frozen=True)` does, for fields that are parameters and are compared."""
    if cls is None:
        return partial(frozen, kw_only=kw_only)
    made: Any = dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)

    def compile_first(self: Any, *given: Any, **named: Any) -> None:
        made.__init__ = _initialiser(made)
        made.__init__(self, *given, **named)

    made.__init__ = compile_first
    made.__eq__, made.__hash__, made.__repr__ = _equal, _hash, _shown
    made.__setattr__, made.__delattr__ = _refuse, _refuse
    return made


def _initialiser(cls: Any) -> Callable[..., None]:
    known: dict[str, Any] = {"_put": object.__setattr__, "_MISSING": MISSING}
    takes, does = ["self"], ["pass"]
    for one in sorted(fields(cls), key=lambda one: bool(one.kw_only)):
        value = name = one.name
        if one.kw_only and "*" not in takes:
            takes.append("*")
        if one.default_factory is not MISSING:
            known[f"_make_{name}"] = one.default_factory
            value = f"_make_{name}() if {name} is _MISSING else {name}"
            takes.append(f"{name}=_MISSING")
        elif one.default is not MISSING:
            known[f"_default_{name}"] = one.default
            takes.append(f"{name}=_default_{name}")
        else:
            takes.append(name)
        does.append(f"_put(self, {name!r}, {value})")
    exec(f"def __init__({', '.join(takes)}): {'; '.join(does)}", known)  # noqa: S102  (our names)
    initialiser: Callable[..., None] = known["__init__"]
    initialiser.__qualname__ = f"{cls.__qualname__}.__init__"  # which a TypeError names
    return initialiser


def _facts(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, one.name) for one in fields(self)])


def _equal(self: Any, other: object) -> bool:
    return _facts(self) == _facts(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_facts(self))


def _shown(self: Any) -> str:
    facts = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(facts)})"


def _refuse(self: Any, name: str, value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
