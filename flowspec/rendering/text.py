"""Diagnostics as plain text: the message, the lines it is about with their labels, then notes and help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.rendering.excerpt import excerpt
from flowspec.source import Source

_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if code != ord("\n")}
"""Characters that would act on a terminal instead of being shown."""


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """The text of all diagnostics, a blank line between two."""
    texts = ("\n".join(_lines(diagnostic, sources)) for diagnostic in diagnostics)
    return "\n\n".join(texts).translate(_CONTROLS)


def place(label: Label, sources: Mapping[str, Source]) -> str:
    """Where a label is: `file:line:column`."""
    span = label.span
    if span.file not in sources:
        return span.file
    line, column = sources[span.file].position(span.start)
    return f"{span.file}:{line}:{column}"


def _lines(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> list[str]:
    gutter, excerpts = excerpt(diagnostic, sources)
    margin = " " * gutter
    return [
        f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}",
        f"{margin}--> {place(diagnostic.primary, sources)}",
        *excerpts,
        *_remarks(diagnostic, sources, margin),
    ]


def _remarks(diagnostic: Diagnostic, sources: Mapping[str, Source], margin: str) -> list[str]:
    remarks = [
        *(f"reached through: {_frame(frame, sources)}" for frame in diagnostic.chain),
        *(f"note: {note}" for note in diagnostic.notes),
        *(_offer(fix, sources) for fix in diagnostic.fixes),
        *(f"help: {help}" for help in diagnostic.help),
    ]
    lines = [line for remark in remarks for line in _remark(remark, margin)]
    return [f"{margin} |", *lines] if lines else []


def _remark(text: str, margin: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"{margin} = {first}", *(f"{margin}       {line}" for line in rest)]


def _frame(frame: Label, sources: Mapping[str, Source]) -> str:
    where = place(frame, sources)
    return f"{frame.text} ({where})" if frame.text else where


def _offer(fix: Fix, sources: Mapping[str, Source]) -> str:
    grade = "safe" if fix.safe else "unsafe"
    mended = _mended(fix, sources[fix.span.file]) if fix.span.file in sources else fix.text
    return f"help: {fix.title}  [fix: {grade}]" + (f"\n{mended}" if mended.strip() else "")


def _mended(fix: Fix, source: Source) -> str:
    """The line that a fix changes, as it is then, without its indentation and its comment."""
    line, column = source.position(fix.span.start)
    text, end = source.line(line), column - 1 + fix.span.end - fix.span.start
    after = text[end:].split("  #")[0]
    return (text[: column - 1] + fix.text + after).strip()
