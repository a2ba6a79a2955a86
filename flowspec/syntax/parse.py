"""Parsing: from text to the syntax tree, by way of lexemes and their layout. Nothing is raised: faults are returned."""

from __future__ import annotations

from dataclasses import replace

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.source import Source, Span
from flowspec.syntax import tree
from flowspec.syntax.forms import FILE, FORMS
from flowspec.syntax.grammar import load_parser
from flowspec.syntax.layout import arrange
from flowspec.syntax.lexing import Lexeme, lex
from flowspec.syntax.limits import check_depth, check_size
from flowspec.syntax.recovery import read
from flowspec.syntax.wording import OUTSIDE


def parse(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The tree of a text and its faults, in the order of the text; what cannot be read is left out or becomes Skipped."""
    fault = check_size(source)
    if fault:
        return _file(source), (fault,)
    parser = load_parser()
    lexemes = list(lex(source, parser))
    comments = tuple((lexeme.span, lexeme.text) for lexeme in lexemes if lexeme.type == "COMMENT")
    arranged, unclosed = arrange(lexemes, source)
    fault = _nothing(arranged) or check_depth(arranged)
    if fault:
        return _file(source, comments=comments), (fault,)
    items, faults, skipped = read(arranged, parser)
    file = _file(source, items, comments, skipped)
    return file, tuple(sorted(_first_outside(faults, file) + unclosed, key=lambda fault: fault.primary.span))


def _first_outside(faults: list[Diagnostic], file: tree.File) -> list[Diagnostic]:
    """The faults, but of statements in a row outside any body the first alone, with the body that ended before it."""
    told: set[tree.Definition | None] = set()
    kept = []
    for fault in faults:
        if fault.code != "FS109" or not fault.message.endswith(OUTSIDE):
            kept.append(fault)
            continue
        before = max((d for d in file.definitions if d.span.end <= fault.primary.span.start), key=lambda d: d.span.end, default=None)
        if before not in told:
            kept.append(fault if before is None else _behind(fault, before))
        told.add(before)
    return kept


def _behind(fault: Diagnostic, definition: tree.Definition) -> Diagnostic:
    """A fault of what stands behind the body that it may belong to."""
    end = Span(definition.span.file, definition.span.end - 1, definition.span.end)
    label = Label(end, f"the body of `{definition.name.name}` ends here")
    return replace(fault, secondary=(label,), fixes=(Fix("if this `}` is one too many, take it out", end, ""),), help=("or put what follows into a body of its own: `flow name { … }`",))


def _nothing(lexemes: list[Lexeme]) -> Diagnostic | None:
    if lexemes[0].type != "$END":
        return None
    help = str(FORMS[FILE])
    start = Label(Span(lexemes[0].span.file, 0, 0))
    return Diagnostic("FS107", "the file is empty: there is nothing to compile", start, help=(help,))


def _file(
    source: Source, items: tuple[object, ...] = (), comments: tuple[tuple[Span, str], ...] = (), skipped: tuple[Span, ...] = ()
) -> tree.File:
    uses = tuple(item for item in items if isinstance(item, tree.Use))
    definitions = tuple(item for item in items if isinstance(item, tree.Definition))
    return tree.File(Span(source.name, 0, len(source.text)), uses, definitions, comments, skipped)
