"""Independence: which faults only follow from others, and are not told."""

from __future__ import annotations

from collections.abc import Iterable

from flowspec.diagnostics import Diagnostic
from flowspec.loading import Program
from flowspec.source import Span

_NAMING = ("FS201", "FS202")
STRUCTURAL = ("FS501", "FS502", "FS503", "FS504", "FS505", "FS506", "FS507", "FS508")
"""Faults of which wires there are."""


Hidden = tuple[str, Span]
"""A name that a faulty statement would have given to something, and the statement."""


def independent(faults: Iterable[Diagnostic], hidden: Iterable[Hidden], program: Program) -> list[Diagnostic]:
    """The faults that do not follow from others.

    A name is not called unknown that a faulty statement, or a file that is missing, would have given to something; and where a brace is missing, what
    stands in which body is not known.
    """
    names: dict[str, list[Span]] = {name: [] for name in program.hidden}
    for name, span in hidden:
        names.setdefault(name, []).append(span)
    torn = any(_tears(fault, program) for fault in program.faults)
    missing = any(fault.code == "FS213" for fault in program.faults)
    return [
        fault for fault in faults
        if not (_is_hidden(fault, names, program) or (torn and fault.code in STRUCTURAL) or (missing and _may_be_elsewhere(fault)))
    ]  # fmt: skip


def _may_be_elsewhere(fault: Diagnostic) -> bool:
    """Whether a fault is of a name like no other, which a file that is missing may define."""
    return fault.code == "FS202" and not fault.fixes


def _is_hidden(fault: Diagnostic, names: dict[str, list[Span]], program: Program) -> bool:
    """Whether a fault is of a name that another statement should have given; what a faulty statement itself names is no excuse."""
    if fault.code not in _NAMING:
        return False
    spans = names.get(_marked(fault, program))
    place = fault.primary.span
    return spans is not None and not any(span.file == place.file and span.start <= place.start and place.end <= span.end for span in spans)


def _tears(fault: Diagnostic, program: Program) -> bool:
    """Whether a fault of the text leaves open where a body ends."""
    if fault.code in ("FS102", "FS103"):
        return _marked(fault, program) in ("{", "}")
    return fault.code == "FS109"


def _marked(fault: Diagnostic, program: Program) -> str:
    span = fault.primary.span
    return program.sources[span.file].excerpt(span) if span.file in program.sources else ""
