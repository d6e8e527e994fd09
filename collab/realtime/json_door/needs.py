"""What a personal token must allow for each message of a socket (`auth/personal_tokens`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...auth.guard import require_scope
from ...core.caller import Caller

H = TypeVar("H", bound=Callable[..., Any])


def needs(area: str, *, write: bool = False) -> Callable[[H], H]:
    """Note which scope a handler's message needs; without this, no personal token may send it."""
    return lambda handler: _noted(handler, (area, write))


def needs_nothing(handler: H) -> H:
    """Note that everybody who may be on a socket may send a handler's message."""
    return _noted(handler, None)


def _noted(handler: H, need: tuple[str, bool] | None) -> H:
    handler.need = need  # type: ignore[attr-defined]
    return handler


def admit(handler: Callable[..., Any], who: Caller) -> None:
    """Raise Forbidden if the caller's personal token does not allow what a handler does."""
    need: tuple[str | None, bool] | None = getattr(handler, "need", (None, True))
    if need is not None:
        area, write = need
        require_scope(who, area, write=write)
