"""Excerpts: the lines of the text that a diagnostic is about, with its labels under them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flowspec.diagnostics import Diagnostic, Label
from flowspec.source import Source

TAB = 4


class _Mark(NamedTuple):
    """A label on one line: from one column of the screen to another."""

    line: int
    start: int
    end: int
    sign: str
    text: str


def excerpt(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> tuple[int, list[str]]:
    """The width of the line numbers, and the lines: file by file, the one with the fault first."""
    files = dict.fromkeys(label.span.file for label in (diagnostic.primary, *diagnostic.secondary))
    marks = {file: _marks(diagnostic, sources[file]) for file in files if file in sources}
    gutter = max((len(str(mark.line)) for found in marks.values() for mark in found), default=1)
    lines: list[str] = []
    for file, found in marks.items():
        if lines:
            lines.append(f"{' ' * gutter}::: {file}:{found[0].line}")
        lines += _file_lines(sources[file], found, gutter)
    return gutter, lines


def _marks(diagnostic: Diagnostic, source: Source) -> list[_Mark]:
    labels = [(diagnostic.primary, "^"), *((label, "-") for label in diagnostic.secondary)]
    return sorted(_mark(label, sign, source) for label, sign in labels if label.span.file == source.name)


def _mark(label: Label, sign: str, source: Source) -> _Mark:
    line, column = source.position(label.span.start)
    text = source.line(line)
    last = min(column - 1 + label.span.end - label.span.start, len(text.rstrip()))
    start = _width(text[: column - 1])
    return _Mark(line, start, max(_width(text[:last]), start + 1), sign, label.text.replace("\n", " "))


def _file_lines(source: Source, marks: list[_Mark], gutter: int) -> list[str]:
    margin = f"{' ' * gutter} |"
    lines, before = [margin], 0
    for number in sorted({mark.line for mark in marks}):
        if before and number > before + 1:
            lines.append("...")
        lines.append(f"{number:>{gutter}} | {_expanded(source.line(number))}".rstrip())
        lines += (f"{margin} {row}" for row in _rows([mark for mark in marks if mark.line == number]))
        before = number
    return lines


def _rows(marks: list[_Mark]) -> list[str]:
    """The rows under a line: all the marks with the text of the last, then the other texts, from right to left."""
    *others, last = sorted(marks, key=lambda mark: mark.start)
    primary_last = sorted(marks, key=lambda mark: mark.sign == "^")
    signs = _drawn([(mark.start, mark.sign * (mark.end - mark.start)) for mark in primary_last])
    if last.end < len(signs):
        others.append(last)
    rows = [signs if last in others else f"{signs} {last.text}"]
    told = [mark for mark in others if mark.text]
    while told:
        mark = told.pop()
        rows.append(_drawn([*((other.start, "|") for other in told), (mark.start, mark.text)]))
    return [row.rstrip() for row in rows]


def _drawn(pieces: list[tuple[int, str]]) -> str:
    """A row with pieces at their columns; a later piece covers an earlier one."""
    row = ""
    for start, text in pieces:
        row = row.ljust(start)[:start] + text + row.ljust(start)[start + len(text) :]
    return row


def _expanded(text: str) -> str:
    """A line with its tabs as spaces."""
    shown = ""
    for char in text.rstrip("\r"):
        shown += " " * (TAB - _columns(shown) % TAB) if char == "\t" else char
    return shown


def _width(text: str) -> int:
    return _columns(_expanded(text))


def _columns(text: Iterable[str]) -> int:
    """How many columns of a terminal the characters take."""
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
