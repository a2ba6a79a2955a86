"""Fixing: the edits that diagnostics offer, applied to the texts they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowspec.diagnostics import Diagnostic, Fix
from flowspec.source import Source


@dataclass(frozen=True)
class Fixed:
    """A text with fixes applied, and the fixes in the order of the text."""

    source: Source
    fixes: tuple[Fix, ...]


def chosen(diagnostics: Iterable[Diagnostic], unsafe: bool = False) -> list[Fix]:
    """The fixes to apply: of each diagnostic its first that is safe (or, with `unsafe`, its first), none within another."""
    first = (next((fix for fix in diagnostic.fixes if unsafe or fix.safe), None) for diagnostic in diagnostics)
    kept: list[Fix] = []
    for fix in sorted({fix for fix in first if fix}, key=lambda fix: fix.span):
        before = kept[-1].span if kept else None
        if before is None or before.file != fix.span.file or before.end <= fix.span.start:
            kept.append(fix)
    return kept


def apply(fixes: Iterable[Fix], sources: Mapping[str, Source]) -> list[Fixed]:
    """The texts that the fixes change, each with all of its own; from right to left, so that places stay where they are."""
    by_file: dict[str, list[Fix]] = {}
    for fix in sorted(fixes, key=lambda fix: fix.span):
        by_file.setdefault(fix.span.file, []).append(fix)
    return [Fixed(_edited(sources[file], found), tuple(found)) for file, found in by_file.items() if file in sources]


def _edited(source: Source, fixes: list[Fix]) -> Source:
    text = source.text
    for fix in reversed(fixes):
        text = text[: fix.span.start] + fix.text + text[fix.span.end :]
    return Source(source.name, text)
