"""Sums without rounding: a float is a whole number over a power of two (IEEE 754), so add those.

The result is rounded once, at the end; neither the order of the values nor a few huge ones that
cancel affect it.
"""

from __future__ import annotations

import math

#: Bits of a quotient, more than enough to decide how a double is rounded.
ENOUGH_BITS = 128


def quotient(numerator: int, denominator: int) -> float | None:
    """Divide, correctly rounded; return None if a double can't hold the result."""
    try:
        # Python divides integers of any length and rounds once, to the nearest double.
        return numerator / denominator
    except OverflowError:
        return None


def root(numerator: int, denominator: int, scale: int) -> float | None:
    """Return sqrt(numerator / denominator) / 2**scale, to the last bit or the one before."""
    # Even, since half of the shift remains after the root.
    missing = ENOUGH_BITS - numerator.bit_length() + denominator.bit_length()
    shift = max(0, missing + missing % 2)
    return quotient(math.isqrt((numerator << shift) // denominator), 1 << (shift // 2 + scale))


class Moments:
    """The count, the sum and the sum of squares of numbers, exactly."""

    __slots__ = ("_scale", "_squares", "_sum", "count", "whole")

    def __init__(self) -> None:
        self.count = 0
        #: Whether all numbers were integers.
        self.whole = True
        self._sum = self._squares = 0
        # The sum is held times 2**scale, the squares times 2**(2 * scale).
        self._scale = 0

    def add(self, value: int | float, times: int = 1) -> None:
        """Take a number, perhaps several times."""
        numerator, denominator = value.as_integer_ratio()
        scale = denominator.bit_length() - 1
        if scale < self._scale:
            numerator <<= self._scale - scale
        elif scale > self._scale:
            self._rescale(scale)
        self.count += times
        self.whole = self.whole and isinstance(value, int)
        self._sum += numerator * times
        self._squares += numerator * numerator * times

    def _rescale(self, scale: int) -> None:
        shift = scale - self._scale
        self._sum <<= shift
        self._squares <<= 2 * shift
        self._scale = scale

    @property
    def sum(self) -> int | float | None:
        """The sum, an integer if all are; None for no numbers, or when a double can't hold it."""
        if not self.count:
            return None
        return self._sum if self.whole else quotient(self._sum, 1 << self._scale)

    @property
    def mean(self) -> float | None:
        """The arithmetic mean; None for no numbers."""
        return quotient(self._sum, self.count << self._scale) if self.count else None

    @property
    def stddev(self) -> float | None:
        """The sample's standard deviation (n - 1); None for fewer than two numbers."""
        if self.count < 2:
            return None
        spread = self.count * self._squares - self._sum * self._sum
        return root(spread, self.count * (self.count - 1), self._scale)
