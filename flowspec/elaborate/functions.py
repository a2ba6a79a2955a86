"""Functions of values that every expression may call."""

from __future__ import annotations

from collections.abc import Callable


class Unfit(ValueError):
    """A value that a function cannot take, in an author's words, and what it could take."""

    def __init__(self, message: str, help: str):
        super().__init__(message)
        self.help = help


def log2(value: int) -> int:
    """The exponent of a power of two."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    if value < 1 or value & (value - 1):
        below = 2 ** (max(value, 1).bit_length() - 1)
        raise Unfit(f"`log2` needs a power of two; {value} is none", f"the nearest are {below} and {2 * below}")
    return value.bit_length() - 1


FUNCTIONS: dict[str, Callable[..., object]] = {"len": len, "min": min, "max": max, "log2": log2}
