"""Numbers and sizes as people read them."""

from __future__ import annotations


def grouped(number: int) -> str:
    """A whole number with its thousands apart: `15,972,912`."""
    return f"{number:,}"


def scaled(number: float, unit: str = "") -> str:
    """A large number with three digits and a prefix: `16.0 M`, `1.23 G`."""
    return _with_prefix(number, 1000, unit)


def in_bytes(number: int) -> str:
    """A size in memory, with binary prefixes: `60.9 MiB`."""
    return _with_prefix(number, 1024, "iB") if number >= 1024 else f"{number} B"


def _with_prefix(number: float, base: int, unit: str) -> str:
    if number < base:
        return f"{number:g}{' ' + unit if unit else ''}"
    prefixes = ["k" if base == 1000 else "K", "M", "G", "T", "P", "E"]
    for prefix in prefixes:
        number /= base
        if number < 999.5 or prefix == prefixes[-1]:
            break
    digits = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return f"{number:.{digits}f} {prefix}{unit}"
