"""Diagnostics as data: what is wrong with a spec, where, and how it can be mended.

Codes are stable and never reused: FS1xx syntax, FS2xx names and arguments, FS3xx dimensions, FS4xx bijectivity, density and
sampling, FS5xx wires and completeness, FS6xx sharing, FS7xx contracts, FS8xx limits, FS9xx runs (data, checkpoints).
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from flowspec.source import Source, Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Label:
    """A place in the text and what is to be said about it."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Fix:
    """An edit that mends a fault: put `text` in place of `span`. A safe fix keeps the author's meaning."""

    title: str
    span: Span
    text: str
    safe: bool = False


@dataclass(frozen=True)
class Diagnostic:
    """One fault of a spec: its code, what is wrong, where, why, and what would mend it. With a warning the spec is still sound."""

    code: str
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    chain: tuple[Label, ...] = field(default=())
    """The calls (`use`, `def`, `repeat` …) through which the fault was reached, outermost first."""
    severity: Severity = "error"


class SpecError(Exception):
    """A spec that cannot be compiled; carries every independent fault that was found."""

    sources: Mapping[str, Source] = MappingProxyType({})
    """The texts that the faults point into, where they are known."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in self.diagnostics))


LONGEST_NAME = 64
MOST_COMPARED = 50
"""Names that are compared in full: this takes time, and a spec may have thousands of names."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, if any is like it: first one of the same letters in another order."""
    known = list(dict.fromkeys(known))
    if len(name) > LONGEST_NAME:
        return None
    turned = next((other for other in known if sorted(other) == sorted(name)), None)
    if turned is not None:
        return turned
    alike = ((_in_common(name, other), other) for other in known if len(other) <= LONGEST_NAME)
    likely = heapq.nlargest(MOST_COMPARED, (pair for pair in alike if pair[0] >= 0.5), key=lambda pair: pair[0])
    found = difflib.get_close_matches(name, [other for _, other in likely], n=1, cutoff=0.6)
    return found[0] if found else None


def _in_common(a: str, b: str) -> float:
    """A bound on how much alike two names are that is soon had: the share of their letters that both have."""
    return 2 * len(set(a) & set(b)) / max(1, len(set(a)) + len(set(b)))
