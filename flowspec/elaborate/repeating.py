"""How often: what `repeat` and `for` need."""

from __future__ import annotations

from flowspec.elaborate.values import LONGEST, Symbol, Value, described, fail, number, unknown_or
from flowspec.source import Span


def repetitions(value: Value, span: Span) -> int:
    """How often something is repeated. Raises SpecError for what is no whole number, or too large."""
    times = number(value, span)
    if not isinstance(times, int) or times < 0:
        raise fail("FS208", f"`repeat` needs a whole number, 0 or more; found {times}", span, help=("for example `repeat 4 { … }`; `//` divides whole numbers and rounds down",))
    if times > LONGEST:
        raise fail("FS808", f"`repeat` goes up to {LONGEST:_}; found {times:_}", span, label="too often")
    return times


def listed(value: Value, span: Span) -> list:
    """The items that `for` goes through. Raises SpecError for what is no list."""
    if isinstance(value, list):
        return value
    if isinstance(value, Symbol):
        raise unknown_or("a list or a range", value, span)
    help = (f"to count to it, write `1..{shown(value)}`",) if isinstance(value, int) else ()
    raise fail("FS207", f"`for` needs a list or a range, found {described(value)}", span, help=help)


def shown(value: Value) -> str:
    """A plain value as it is written."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else described(value)
