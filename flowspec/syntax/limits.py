"""Limits that keep every later pass safe from a hostile text: its size, and how deep it nests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from flowspec.diagnostics import Diagnostic, Label
from flowspec.source import Source, Span
from flowspec.syntax.lexing import Lexeme
from flowspec.syntax.words import OPERATORS

LARGEST_FILE = 2**17
DEEPEST = 100

_OPENING = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE"})
_DEEPENING = OPERATORS - {"COMPOSE"} | {"ELSE"}


def check_size(source: Source) -> Diagnostic | None:
    """The fault of a text that is too large to be a spec."""
    if len(source.text) <= LARGEST_FILE:
        return None
    message = f"the file is too large: {len(source.text):_} characters, at most {LARGEST_FILE:_} are allowed"
    return Diagnostic("FS802", message, Label(Span(source.name, 0, 0)), help=("cut it into several files, and `use` them",))


def check_depth(lexemes: Iterable[Lexeme]) -> Diagnostic | None:
    """The fault of a text whose tree would be too deep: brackets within brackets, and operators one after another."""
    outer = [_Level(0, 0)]
    depth = most = 0
    for lexeme in lexemes:
        if lexeme.type in _OPENING:
            outer.append(_Level(depth, most))
            depth, most = depth + 1, 0
        elif lexeme.type in _CLOSING and len(outer) > 1:
            inner = max(depth, most)
            depth, most = outer.pop()
            depth = max(depth, inner)
        elif lexeme.type in ("COMMA", "SEP"):
            depth, most = outer[-1].depth + 1, max(depth, most)
        elif lexeme.type in _DEEPENING:
            depth += 1
        if depth > DEEPEST:
            return Diagnostic("FS801", f"this nests too deeply: at most {DEEPEST} levels are allowed", Label(lexeme.span, "beyond the limit here"),
                              help=("take out brackets that hold nothing but brackets; name what is within by `let`, or as a `def` or `net`",))  # fmt: skip
    return None


class _Level(NamedTuple):
    """What stands outside a bracket: the depth of the expression it is part of, and the most of those before."""

    depth: int
    most: int
