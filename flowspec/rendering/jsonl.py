"""Diagnostics as JSON lines, for programs: one object each, all with the number of the schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.source import Source, Span

SCHEMA = 1


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """One line for each diagnostic."""
    return "\n".join(json.dumps(as_object(diagnostic, sources), ensure_ascii=False) for diagnostic in diagnostics)


def as_object(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> dict[str, Any]:
    """A diagnostic in values of JSON. Its first label is the primary one.

    Lines and columns count from 1; the end column is the one after the last character.
    """
    return {
        "schema": SCHEMA,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_range(diagnostic.primary.span, sources),
        "labels": [_label(label, sources) for label in (diagnostic.primary, *diagnostic.secondary)],
        "chain": [_label(frame, sources) for frame in diagnostic.chain],
        "notes": list(diagnostic.notes),
        "help": list(diagnostic.help),
        "fixes": [_fix(fix, sources) for fix in diagnostic.fixes],
    }


def _label(label: Label, sources: Mapping[str, Source]) -> dict[str, Any]:
    return {"text": label.text, **_range(label.span, sources)}


def _fix(fix: Fix, sources: Mapping[str, Source]) -> dict[str, Any]:
    return {"title": fix.title, "text": fix.text, "safe": fix.safe, **_range(fix.span, sources)}


def _range(span: Span, sources: Mapping[str, Source]) -> dict[str, Any]:
    if span.file not in sources:
        return {"file": span.file, "line": 1, "column": 1, "end_line": 1, "end_column": 1}
    (line, column), (end_line, end_column) = map(sources[span.file].position, (span.start, span.end))
    return {"file": span.file, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
