"""Diagnostics as SARIF 2.1.0, for code scanning.

Lines and columns count from 1. Every result has a location, and every change of a fix a replacement: files with an empty
`artifactChanges` are refused by code scanning as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flowspec import __version__
from flowspec.codes import codes
from flowspec.diagnostics import Diagnostic, Fix, Label, Severity
from flowspec.source import Source, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """One log with one run, which has a result for each diagnostic."""
    return json.dumps(as_log(tuple(diagnostics), sources), indent=2, ensure_ascii=False)


def as_log(diagnostics: tuple[Diagnostic, ...], sources: Mapping[str, Source]) -> dict[str, Any]:
    """The log in values of JSON."""
    levels = {diagnostic.code: diagnostic.severity for diagnostic in diagnostics}
    rules = sorted(levels)
    driver = {"name": "flowspec", "version": __version__, "rules": [_rule(code, levels[code]) for code in rules]}
    results = [_result(diagnostic, rules, sources) for diagnostic in diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, level: Severity) -> dict[str, Any]:
    known = codes()[code]
    return {"id": code, "shortDescription": {"text": known.title}, "fullDescription": {"text": known.explanation}, "defaultConfiguration": {"level": level}}


def _result(diagnostic: Diagnostic, rules: list[str], sources: Mapping[str, Source]) -> dict[str, Any]:
    said = [diagnostic.message, diagnostic.primary.text, *diagnostic.notes, *(f"help: {help}" for help in diagnostic.help)]
    result = {
        "ruleId": diagnostic.code,
        "ruleIndex": rules.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": "\n".join(filter(None, said))},
        "locations": [_location(diagnostic.primary, sources)],
    }
    related = [_location(label, sources, i) for i, label in enumerate((*diagnostic.secondary, *diagnostic.chain), 1)]
    fixes = [_fix(fix, sources) for fix in diagnostic.fixes if fix.span.file in sources]
    return result | ({"relatedLocations": related} if related else {}) | ({"fixes": fixes} if fixes else {})


def _location(label: Label, sources: Mapping[str, Source], number: int | None = None) -> dict[str, Any]:
    physical = {"artifactLocation": {"uri": _uri(label.span.file)}, "region": _region(label.span, sources)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if number is not None:
        location |= {"id": number, "message": {"text": label.text or "here"}}
    return location


def _fix(fix: Fix, sources: Mapping[str, Source]) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(fix.span, sources), "insertedContent": {"text": fix.text}}
    change = {"artifactLocation": {"uri": _uri(fix.span.file)}, "replacements": [replacement]}
    return {"description": {"text": f"{fix.title} ({'safe' if fix.safe else 'unsafe'})"}, "artifactChanges": [change]}


def _region(span: Span, sources: Mapping[str, Source]) -> dict[str, int]:
    if span.file not in sources:
        return {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    (line, column), (end_line, end_column) = map(sources[span.file].position, (span.start, span.end))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _uri(file: str) -> str:
    """A relative path stays one, so that it is found from the root of the repository."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
