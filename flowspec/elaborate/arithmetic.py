"""Arithmetic of a spec: whole numbers stay whole where they can, and all stay within bounds."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

from flowspec.diagnostics import Diagnostic, Label, SpecError
from flowspec.source import Span

LARGEST = 10**15
"""No whole number in a spec may be larger."""


def arithmetic(operator: str, a: int | float, b: int | float, span: Span) -> int | float | bool:
    """One operation on two numbers; `/` gives a whole number where it comes out even."""
    if operator in ("/", "//", "%") and b == 0:
        raise _refused("FS206", f"division by zero: {a} {operator} {b}", span, "let what stands behind the sign be another number than 0")
    if operator == "^" and (abs(b) > 64 or (a == 0 and b < 0)):
        raise _refused("FS804", f"{a}^{b} is out of bounds: exponents go up to 64", span, "write a smaller power, as `2^10`")
    try:
        return bounded(_OPERATIONS[operator](a, b), span)
    except OverflowError:
        return bounded(math.inf, span)


def _divide(a: int | float, b: int | float) -> int | float:
    whole = isinstance(a, int) and isinstance(b, int) and a % b == 0
    return a // b if whole else a / b


_OPERATIONS: dict[str, Callable[[int | float, int | float], int | float | bool]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "^": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def bounded(value: int | float | bool, span: Span) -> int | float | bool:
    if isinstance(value, complex) or not abs(value) <= (LARGEST if isinstance(value, int) else sys.float_info.max):
        raise _refused("FS804", f"a number of this size is out of bounds: whole numbers go up to {LARGEST:_}", span, "write a smaller number")
    return value


def _refused(code: str, message: str, span: Span, help: str) -> SpecError:
    return SpecError([Diagnostic(code, message, Label(span, _WHY[code]), help=(help,))])


_WHY = {"FS206": "this has no value", "FS804": "this is too large, or no number"}
