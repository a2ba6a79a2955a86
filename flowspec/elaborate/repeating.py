"""How often: what `repeat` and `for` need."""

from __future__ import annotations

from flowspec.diagnostics import Fix
from flowspec.elaborate.values import LONGEST, Symbol, Value, described, fail, number, unknown_or
from flowspec.source import Span


def repetitions(value: Value, span: Span) -> int:
    """How often something is repeated. Raises SpecError for what is no whole number, or too large."""
    times = number(value, span)
    if not isinstance(times, int) or times < 0:
        whole = str(abs(int(times)))
        raise fail("FS208", f"`repeat` needs a whole number, 0 or more; found {times}", span, fixes=(Fix(f"write `{whole}`, for example", span, whole),),
                   help=() if isinstance(times, int) else ("`//` divides whole numbers and rounds down",))  # fmt: skip
    if times > LONGEST:
        raise fail("FS808", f"`repeat` goes up to {LONGEST:_}; found {times:_}", span, label="too often", help=(f"for example `repeat {LONGEST // 10:_} {{ … }}`",))
    return times


def listed(value: Value, span: Span) -> list:
    """The items that `for` goes through. Raises SpecError for what is no list."""
    if isinstance(value, list):
        return value
    if isinstance(value, Symbol):
        raise unknown_or("a list or a range", value, span)
    counted = isinstance(value, int) and not isinstance(value, bool)
    fixes = (Fix("to count to it, write a range", Span(span.file, span.start, span.start), "1.."),) if counted else ()
    raise fail("FS207", f"`for` needs a list or a range, found {described(value)}", span, fixes=fixes, help=() if fixes else ("for example `1..4`, or `[8, 16]`",))


def shown(value: Value) -> str:
    """A plain value as it is written."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else described(value)
