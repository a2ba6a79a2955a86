"""Parsing: from text to the syntax tree, by way of lexemes and their layout. Nothing is raised: faults are returned."""

from __future__ import annotations

from flowspec.diagnostics import Diagnostic, Label
from flowspec.source import Source, Span
from flowspec.syntax import tree
from flowspec.syntax.grammar import load_parser
from flowspec.syntax.layout import arrange
from flowspec.syntax.lexing import Lexeme, lex
from flowspec.syntax.limits import check_depth, check_size
from flowspec.syntax.recovery import read


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
    items, faults = read(arranged, parser)
    return _file(source, items, comments), tuple(sorted(faults + unclosed, key=lambda fault: fault.primary.span))


def _nothing(lexemes: list[Lexeme]) -> Diagnostic | None:
    if lexemes[0].type != "$END":
        return None
    help = "a spec starts with `flow name { input …  …  prior … }`"
    start = Label(Span(lexemes[0].span.file, 0, 0))
    return Diagnostic("FS107", "the file is empty: there is nothing to compile", start, help=(help,))


def _file(source: Source, items: tuple[object, ...] = (), comments: tuple[tuple[Span, str], ...] = ()) -> tree.File:
    uses = tuple(item for item in items if isinstance(item, tree.Use))
    definitions = tuple(item for item in items if isinstance(item, tree.Definition))
    return tree.File(Span(source.name, 0, len(source.text)), uses, definitions, comments)
