"""URL rules whose builders are compiled on first use.

Werkzeug compiles two functions for each rule, for `url_for`. We have some 140 rules and build few
addresses, so most of that work, half the time of building an application, is for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class LazyRule(Rule):
    """A rule that matches like any other, and compiles its builder on first use."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compiled: list[Builder] = []
        compile_now = super()._compile_builder

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, **values)

        return build
