"""One of the names that packages have registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from marshmallow import validate


class OneOfRegistered(validate.OneOf):
    """Accepts the names that packages have registered in the present application."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names
        self.labels, self.labels_text, self.error = [], "", self.default_message

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """Return the names."""
        return tuple(self._names())

    @property
    def choices_text(self) -> str:  # type: ignore[override]
        """Return the names as errors list them."""
        return ", ".join(self.choices)
