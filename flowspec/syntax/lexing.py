"""Lexing: a text as a run of lexemes. What is none of the language's becomes one of type FAULT, which says what is wrong."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

import lark

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.source import Source, Span

LONGEST_NUMBER = 40


class Lexeme(NamedTuple):
    """A piece of the text: its terminal, its characters, its place and, when it is faulty, the fault."""

    type: str
    text: str
    span: Span
    fault: Diagnostic | None = None


def lex(source: Source, parser: lark.Lark) -> Iterator[Lexeme]:
    """The lexemes of a text, newlines and comments among them."""
    reading = parser.parse_interactive(source.text)
    for token in reading.lexer_thread.lex(reading.parser_state):
        lexeme = Lexeme(token.type, token.value, Span(source.name, token.start_pos, token.end_pos))
        fault = _fault(lexeme)
        yield lexeme._replace(type="FAULT", fault=fault) if fault else lexeme


def _fault(lexeme: Lexeme) -> Diagnostic | None:
    describe = _DESCRIBE.get(lexeme.type)
    return describe(lexeme) if describe else None


def _bad_number(lexeme: Lexeme) -> Diagnostic:
    text = lexeme.text
    begins = re.match(r"[0-9]+(\.[0-9]+)?", text)
    number = f"0{text}" if text.startswith(".") else begins[0] if begins else ""
    fixes = (Fix(f"write `{number}`", lexeme.span, number),) if number else ()
    help = "numbers are written `1000`, `1_000`, `0.5` or `1e-4`; a name begins with a letter"
    return Diagnostic("FS108", f"`{text}` is neither a number nor a name", Label(lexeme.span), fixes=fixes, help=(help,))


def _out_of_bounds(lexeme: Lexeme) -> Diagnostic | None:
    if len(lexeme.text) <= LONGEST_NUMBER and math.isfinite(float(lexeme.text)):
        return None
    return Diagnostic("FS108", "this number is too large or too long", Label(lexeme.span), help=("write a smaller one, with fewer digits",))


def _bad_text(lexeme: Lexeme) -> Diagnostic:
    label = Label(lexeme.span, "opened here, and not closed on this line")
    end = Span(lexeme.span.file, lexeme.span.start + len(lexeme.text.rstrip("),; ")), lexeme.span.start + len(lexeme.text.rstrip("),; ")))
    return Diagnostic("FS106", 'the closing `"` of a string is missing', label, fixes=(Fix("write it where the string ends", end, '"'),))


def _smart_quotes(lexeme: Lexeme) -> Diagnostic:
    fix = Fix("use straight quotes", lexeme.span, f'"{lexeme.text[1:-1]}"', safe=True)
    message = f'strings are written with straight quotes `"`, not with `{lexeme.text[0]}` and `{lexeme.text[-1]}`'
    return Diagnostic("FS105", message, Label(lexeme.span), fixes=(fix,))


def _bad_character(lexeme: Lexeme) -> Diagnostic:
    char = lexeme.text
    name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
    shown = f"`{char}` ({name})" if char.isprintable() and not char.isspace() else f"an invisible character ({name})"
    plain = _PLAIN.get(char)
    fixes = (Fix(f"write `{plain}`", lexeme.span, plain, safe=True),) if plain else ()
    return Diagnostic("FS105", f"{shown} has no meaning here", Label(lexeme.span, "" if fixes else "take it out"), fixes=fixes,
                      help=() if fixes else ("operators of numbers are `+ - * / // % ^`; networks are joined by `>>`",))  # fmt: skip


_PLAIN = {
    "\u00a0": " ", "\u2212": "-", "\u2013": "-", "\u2014": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=",
    "≠": "!=", "；": ";", "，": ",", "（": "(", "）": ")",
}  # fmt: skip
"""What is meant by characters that word processors and other keyboards put in."""

_DESCRIBE: dict[str, Callable[[Lexeme], Diagnostic | None]] = {
    "NUMBER": _out_of_bounds,
    "BAD_NUMBER": _bad_number,
    "BAD_TEXT": _bad_text,
    "SMART_QUOTES": _smart_quotes,
    "BAD_CHARACTER": _bad_character,
}
