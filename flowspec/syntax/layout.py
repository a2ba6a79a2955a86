"""Layout: which newlines end a statement, which brackets belong together, and which keywords are names.

A newline ends a statement unless it stands inside round or square brackets, after an operator, or before `>>`, `else` or
`{`.
A bracket that is never closed is found here: at the line that cannot go on inside it. A keyword where only a value can
stand is a name: `actnorm(start=data)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.source import Source, Span
from flowspec.syntax.lexing import Lexeme
from flowspec.syntax.words import DEFINING, KEYWORDS, LEADING, OPERATORS

_CLOSER_OF = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSERS = frozenset(_CLOSER_OF.values())
_ENDS_VALUE = frozenset({"NAME", "NUMBER", "TEXT", "TRUE", "FALSE", "RPAR", "RSQB", "FAULT"})
_STARTS_VALUE = frozenset({"NAME", "NUMBER", "TEXT", "TRUE", "FALSE"})
_FOLLOWS_ARGUMENT = frozenset({"EQUAL", "COMMA", "RPAR", "RSQB", "NEWLINE"})
_GOES_ON_BEFORE = frozenset({"COMPOSE", "LBRACE"})
_GOES_ON_AFTER = OPERATORS | {"COMMA", "EQUAL", "COLON"}
_BEFORE_VALUE = _GOES_ON_AFTER | {"LPAR", "LSQB", "INPUT", "CONTEXT", "PRIOR", "REPEAT", "IN", "IF", "EXPECT"}
"""After these, and on their line or inside their brackets, nothing but a value can stand."""


class _Opening(NamedTuple):
    lexeme: Lexeme
    indent: int
    """Where the line of the bracket starts."""


def arrange(lexemes: Iterable[Lexeme], source: Source) -> tuple[list[Lexeme], list[Diagnostic]]:
    """The lexemes with SEP between statements and every bracket in a pair, and the faults of unclosed blocks."""
    layout = _Layout([lexeme for lexeme in lexemes if lexeme.type != "COMMENT"], source)
    return layout.run(), layout.faults


class _Layout:
    def __init__(self, lexemes: list[Lexeme], source: Source):
        end = Span(source.name, len(source.text), len(source.text))
        self.lexemes = [*lexemes, Lexeme("$END", "", end)]
        self.placed: list[Lexeme] = []
        self.open: list[_Opening] = []
        self.faults: list[Diagnostic] = []
        self.separator: Lexeme | None = None
        self.first_of_line = True
        self.line_start = self.indent = 0
        self.indents: dict[Lexeme, int] = {}
        """Where the lexemes stand that begin a line."""
        self.suspect: _Opening | None = None

    def run(self) -> list[Lexeme]:
        for at, lexeme in enumerate(self.lexemes):
            if lexeme.type == "NEWLINE":
                self._newline(lexeme)
            elif lexeme.type == "SEMICOLON" and not self._in_brackets:
                self.separator = lexeme
            else:
                self._place(lexeme, self.lexemes[at + 1].type if lexeme.type != "$END" else "")
        return self.placed

    @property
    def _in_brackets(self) -> bool:
        return bool(self.open) and self.open[-1].lexeme.type != "LBRACE"

    @property
    def _end(self) -> Span:
        last = self.placed[-1].span
        return Span(last.file, last.end, last.end)

    def _newline(self, newline: Lexeme) -> None:
        self.first_of_line, self.line_start = True, newline.span.end
        self.separator = self.separator or newline

    def _place(self, lexeme: Lexeme, following: str) -> None:
        if self.first_of_line:
            self.indent = self.indents[lexeme] = lexeme.span.start - self.line_start
        if self._in_brackets and self._cannot_go_on(lexeme, following):
            self._report_bracket()
        if self.open and self._ends_all(lexeme, following):
            self._report_block()
        self._separate(lexeme)
        if lexeme.type in KEYWORDS and self.placed and self.placed[-1].type in _BEFORE_VALUE:
            lexeme = lexeme._replace(type="WORD")
        self.placed.append(self._close(lexeme) if lexeme.type in _CLOSERS else lexeme)
        if lexeme.type in _CLOSER_OF:
            self.open.append(_Opening(lexeme, self.indent))
        self.first_of_line = False

    def _cannot_go_on(self, lexeme: Lexeme, following: str) -> bool:
        if lexeme.type in ("LBRACE", "RBRACE", "$END"):
            return True
        if not self.first_of_line:
            return False
        if lexeme.type in LEADING | DEFINING:
            return following not in _FOLLOWS_ARGUMENT
        beside = self.placed[-1].type in _ENDS_VALUE and lexeme.type in _STARTS_VALUE
        return beside and self.indent <= self.open[-1].indent

    def _ends_all(self, lexeme: Lexeme, following: str) -> bool:
        """Whether every block must have ended: at the end, and at a definition that starts a line at its very beginning."""
        at_margin = self.first_of_line and self.indent == 0
        return lexeme.type == "$END" or (at_margin and lexeme.type in DEFINING and following in ("NAME", "TEXT"))

    def _report_bracket(self) -> None:
        opening, closers = self.open[-1].lexeme, ""
        while self._in_brackets:
            closers += _PARTNER[self.open.pop().lexeme.text]
        fault = _unclosed(opening, self._end, Fix(f"write `{closers}` where it ends", self._end, closers))
        self.placed.append(Lexeme("FAULT", "", self._end, fault))

    def _report_block(self) -> None:
        opening = self.suspect or self.open[-1]
        self.faults.append(_unclosed(opening.lexeme, self._end, self._closing(opening)))
        self.placed += [Lexeme("RBRACE", "", self._end) for _ in self.open]
        self.open, self.suspect = [], None

    def _closing(self, opening: _Opening) -> Fix:
        """The bracket that is missing, where the text goes back to the left of what the block holds, or at the end."""
        inside = self.placed[self.placed.index(opening.lexeme) + 1 :]
        for before, lexeme in pairwise(inside):
            if self.indents.get(lexeme, opening.indent + 1) <= opening.indent and lexeme.type != "RBRACE":
                end = next(part for part in reversed(inside[: inside.index(lexeme)]) if part.type != "SEP").span.end
                return Fix("close it where its indentation ends", Span(before.span.file, end, end), " }")
        return Fix("close it at the end", self._end, "\n" + " " * opening.indent + "}")

    def _close(self, closer: Lexeme) -> Lexeme:
        """Takes the partner of a closing bracket off the stack; without one, the bracket itself is a fault."""
        if not self.open or (closer.type != "RBRACE" and not self._in_brackets):
            return closer._replace(type="FAULT", fault=_unopened(closer))
        opening = self.open.pop()
        if _CLOSER_OF[opening.lexeme.type] != closer.type:
            return closer._replace(type="FAULT", fault=_mismatched(opening.lexeme, closer))
        if self.first_of_line and self.indent < opening.indent and self.suspect is None:
            self.suspect = opening
        return closer

    def _separate(self, lexeme: Lexeme) -> None:
        separator, self.separator = self.separator, None
        if separator and self.placed and not self._in_brackets and not self._goes_on(separator, lexeme):
            self.placed.append(separator._replace(type="SEP"))

    def _goes_on(self, separator: Lexeme, lexeme: Lexeme) -> bool:
        before = self.placed[-1].type
        if before == "LBRACE" or lexeme.type in ("RBRACE", "$END"):
            return True
        if lexeme.type == "ELSE":
            return before == "RBRACE" and separator.type == "NEWLINE"
        goes_on = lexeme.type in _GOES_ON_BEFORE or (before in _GOES_ON_AFTER and lexeme.type not in KEYWORDS)
        return separator.type == "NEWLINE" and goes_on


def _unclosed(opening: Lexeme, end: Span, fix: Fix) -> Diagnostic:
    missed = Label(end, f"`{_PARTNER[opening.text]}` is missing, here at the latest")
    return Diagnostic("FS102", f"`{opening.text}` is never closed", Label(opening.span, "opened here"), (missed,), fixes=(fix,))


def _mismatched(opening: Lexeme, closer: Lexeme) -> Diagnostic:
    label = Label(closer.span, f"expected `{_PARTNER[opening.text]}`")
    message = f"`{opening.text}` is closed by `{closer.text}`"
    fix = Fix(f"write `{_PARTNER[opening.text]}` before it", Span(closer.span.file, closer.span.start, closer.span.start), _PARTNER[opening.text])
    return Diagnostic("FS103", message, label, (Label(opening.span, "opened here"),), fixes=(fix,))


def _unopened(closer: Lexeme) -> Diagnostic:
    return Diagnostic("FS103", f"`{closer.text}` closes nothing", Label(closer.span, "no bracket is open here"), fixes=(Fix("take it out", closer.span, ""),))


_PARTNER = {"(": ")", "[": "]", "{": "}"}
