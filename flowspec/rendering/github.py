"""Diagnostics as GitHub annotations: workflow commands that show each at its line of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowspec.diagnostics import Diagnostic
from flowspec.source import Source


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """One command for each diagnostic."""
    return "\n".join(_command(diagnostic, sources) for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> str:
    properties = {"file": diagnostic.primary.span.file, **_range(diagnostic, sources), "title": diagnostic.code}
    shown = ",".join(f"{name}={_escaped(str(value), '%', ':', ',')}" for name, value in properties.items())
    parts = (diagnostic.message, diagnostic.primary.text, *diagnostic.notes, *diagnostic.help)
    return f"::{diagnostic.severity} {shown}::{_escaped('; '.join(filter(None, parts)), '%')}"


def _range(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> dict[str, int]:
    span = diagnostic.primary.span
    if span.file not in sources:
        return {"line": 1}
    (line, column), (end_line, end_column) = map(sources[span.file].position, (span.start, span.end))
    if line != end_line:  # columns may only be given for a single line
        return {"line": line, "endLine": end_line}
    return {"line": line, "col": column, "endColumn": end_column}


def _escaped(text: str, *chars: str) -> str:
    for char in (*chars, "\r", "\n"):
        text = text.replace(char, f"%{ord(char):02X}")
    return text
