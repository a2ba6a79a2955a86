"""Reading with recovery: a fault costs the statement it stands in, and reading goes on with the next."""

from __future__ import annotations

from typing import Any

import lark
from lark.exceptions import UnexpectedToken

from flowspec.diagnostics import Diagnostic
from flowspec.source import Span
from flowspec.syntax.forms import form
from flowspec.syntax.lexing import Lexeme
from flowspec.syntax.wording import Stop, explain

_HEADS = frozenset({"FLOW", "DEF", "NET", "REPEAT", "FOR", "IF", "PART", "INVERSE", "ON", "PHASE", "TRAIN"})
"""The first words of what has a body: the statements in it are read even when what stands before it is faulty."""


def read(lexemes: list[Lexeme], parser: lark.Lark) -> tuple[Any, list[Diagnostic], tuple[Span, ...]]:
    """What the callbacks make of the lexemes, the faults (at most one for each statement), and what was passed over."""
    reading = _Reading(lexemes, parser)
    return reading.run(), reading.faults, tuple(reading.skipped)


class _Reading:
    def __init__(self, lexemes: list[Lexeme], parser: lark.Lark):
        self.lexemes = lexemes
        self.parser = parser.parse_interactive()
        self.states = self.parser.parser_state.parse_conf.parse_table.states
        self.faults: list[Diagnostic] = []
        self.skipped: list[Span] = []

    def run(self) -> Any:
        at, result = 0, None
        while at < len(self.lexemes):
            try:
                result = self.parser.feed_token(self.lexemes[at])
                at += 1
            except UnexpectedToken:
                at = self._recover(at)
        return result

    def _recover(self, at: int) -> int:
        """Reports the fault at a lexeme and makes the parser ready for a later one, whose number is returned."""
        found, before = self.lexemes[at], self.lexemes[at - 1] if at else None
        accepted = self.parser.accepts()
        self.faults.append(found.fault or explain(Stop(found, before, accepted, form(self.parser.parser_state.value_stack))))
        if before and before.type == "RBRACE" and "SEP" in accepted:
            self.parser.feed_token(Lexeme("SEP", "", Span(found.span.file, found.span.start, found.span.start)))
            if found.type in self.parser.accepts():
                return at
        return self._skip(self._drop_statement(found), at)

    def _drop_statement(self, found: Lexeme) -> Any:
        """Takes the unfinished statement off the parser's stack. Returns its first part."""
        state, first = self.parser.parser_state, found
        while "SKIPPED" not in self.states[state.state_stack[-1]]:
            state.state_stack.pop()
            first = state.value_stack.pop()
        return first

    def _skip(self, first: Any, at: int) -> int:
        """Passes over the rest of the statement that starts with `first`; its body, if it has one, is still read."""
        end = self._statement_end(at, isinstance(first, Lexeme) and first.type in _HEADS)
        head = self.lexemes[end].type == "LBRACE"
        span = first.span.to(self.lexemes[max(end - 1, 0)].span)
        self.skipped.append(span)
        self.parser.feed_token(Lexeme("SKIPPED_HEAD" if head else "SKIPPED", _first_word(first), span))
        return end

    def _statement_end(self, at: int, has_body: bool) -> int:
        depth = 0
        while True:
            kind = self.lexemes[at].type
            if depth == 0 and (kind in ("SEP", "$END", "RBRACE") or (kind == "LBRACE" and has_body)):
                return at
            depth += (kind == "LBRACE") - (kind == "RBRACE")
            at += 1


def _first_word(first: Any) -> str:
    """The word that a statement begins with, as a lexeme or as what has been made of it."""
    return first.text if isinstance(first, Lexeme) else getattr(first, "name", "")
