"""The words for a place where the text cannot go on: what was found, and what could stand there."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from difflib import get_close_matches

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.source import Span
from flowspec.syntax.forms import Form
from flowspec.syntax.lexing import Lexeme
from flowspec.syntax.words import COMPARISONS, DEFINING, LEADING, RESERVED, WORDS, describe

OUTSIDE = "cannot stand at the top level of a file"
_VALUES = frozenset({"NAME", "NUMBER", "STRING", "LSQB", "TRUE", "FALSE"})
"""What begins a value."""
_STOPS = frozenset({"SEP", "$END", "RBRACE", "RPAR", "RSQB", "COMMA", "LBRACE", "EQUAL"})


@dataclass(frozen=True)
class Stop:
    """A place where the parser stopped: the lexeme it could not take, the one before, what it would take, and within what."""

    found: Lexeme
    before: Lexeme | None
    accepted: Set[str]
    form: Form

    @property
    def starts_statement(self) -> bool:
        return "SKIPPED" in self.accepted

    @property
    def place(self) -> Span:
        """The lexeme, or the end of the one before when it is a new line or the end of the file."""
        if self.before is None or self.found.type not in ("SEP", "$END"):
            return self.found.span
        return Span(self.before.span.file, self.before.span.end, self.before.span.end)


def explain(stop: Stop) -> Diagnostic:
    """What is wrong where the parser stopped."""
    explanations = (_foreign(stop), _misspelt(stop), _misplaced(stop), _reserved(stop), _missing(stop), _unnamed(stop), _chained(stop))
    found = next(filter(None, explanations), None) or _unexpected(stop)
    return found if found.help or found.fixes else replace(found, help=(str(stop.form),))


_FOREIGN = {
    ("-", ">"): ("`->` is not an operator", "networks are joined by `>>`", ">>", False),
    ("*", "*"): ("`**` is not an operator", "the power is written `^`", "^", True),
    ("|", ">"): ("`|>` is not an operator", "networks are joined by `>>`", ">>", False),
    ("=", ">"): ("`=>` is not an operator", "networks are joined by `>>`", ">>", False),
}
"""Operators of other languages, with what is meant."""


def _foreign(stop: Stop) -> Diagnostic | None:
    """Something that other languages have here."""
    if stop.before is not None and stop.before.span.end == stop.found.span.start:
        pair = _FOREIGN.get((stop.before.text, stop.found.text))
        if pair:
            message, help, text, safe = pair
            place = stop.before.span.to(stop.found.span)
            return Diagnostic("FS101", message, Label(place), fixes=(Fix(help, place, text, safe),))
    if stop.found.type == "FLOOR" and stop.starts_statement:
        return Diagnostic("FS101", "`//` cannot start a statement", Label(stop.found.span), fixes=(Fix("a comment begins with `#`", stop.found.span, "#", True),))
    if stop.found.type == "COLON" and "EQUAL" in stop.accepted:
        return Diagnostic("FS101", "`:` cannot stand here", Label(stop.found.span), fixes=(Fix("a value is given by `=`", stop.found.span, " =", True),))
    return None


def _misspelt(stop: Stop) -> Diagnostic | None:
    """A name that starts a definition or a statement as no name can, and is much like a keyword."""
    at_top = stop.starts_statement and "FLOW" in stop.accepted
    word, keywords = (stop.found, DEFINING) if at_top else (stop.before, LEADING)
    if word is None or word.type != "NAME" or not (at_top or {"SEP", "AS"} <= stop.accepted):
        return None
    near = get_close_matches(word.text, [keyword.lower() for keyword in keywords], n=1, cutoff=0.75)
    if not near:
        return None
    fix = Fix(f"write `{near[0]}`", word.span, near[0])
    label = Label(word.span, f"did you mean `{near[0]}`?")
    return Diagnostic("FS101", f"`{word.text}` is not a keyword", label, fixes=(fix,))


def _misplaced(stop: Stop) -> Diagnostic | None:
    kind = stop.found.type
    if kind == "ELSE":
        return _say(stop, "FS109", "`else` has no `if` before it", "`else` follows the `}` of an `if`",
                    "write an `if` before it, `if 2 > 1 { reverse } else { swap }`, or take `else` and its braces out")  # fmt: skip
    if not stop.starts_statement:
        return None
    if kind in DEFINING and "LET" in stop.accepted:
        return _say(stop, "FS109", f"{WORDS[kind]} cannot stand inside a body", "it belongs at the top level of the file", "move it behind the `}` that ends this body, and call it here by its name")
    if kind in LEADING | {"NAME"} and "FLOW" in stop.accepted:
        message = f"`{stop.found.text}` {OUTSIDE}"
        return _say(stop, "FS109", message, "statements belong in the body of a `flow`, `def` or `net`",
                    "put `flow name {` before the first of them and `}` behind the last")  # fmt: skip
    return None


def _reserved(stop: Stop) -> Diagnostic | None:
    if stop.found.type not in RESERVED | {"WORD"} or "NAME" not in stop.accepted:
        return None
    label = Label(stop.found.span, "choose another name")
    fix = Fix(f"write `my_{stop.found.text}`, here and where it is used", stop.found.span, f"my_{stop.found.text}")
    return Diagnostic("FS104", f"`{stop.found.text}` is a reserved word and cannot be used as a name", label, fixes=(fix,))


def _missing(stop: Stop) -> Diagnostic | None:
    if stop.before is None or stop.found.type not in _STOPS:
        return None
    after = f"after {_shown(stop.before)}"
    if "NUMBER" in stop.accepted and not stop.starts_statement:
        return _say(stop, "FS110", f"a value is missing {after}", "expected a value")
    if stop.accepted == {"NAME"} or stop.accepted == {"NAME", "LPAR"}:
        return _say(stop, "FS110", f"a name is missing {after}", "expected a name")
    if "LBRACE" in stop.accepted and "SEP" not in stop.accepted:
        return _say(stop, "FS110", f"a body is missing {after}", "expected `{ … }`")
    return None


def _unnamed(stop: Stop) -> Diagnostic | None:
    if stop.found.type != "EQUAL" or "SEP" not in stop.accepted or stop.before is None:
        return None
    start = Span(stop.before.span.file, stop.before.span.start, stop.before.span.start)
    fixes = (Fix("a value is named by `let`", start, "let "),) if stop.before.type == "NAME" else ()
    return Diagnostic("FS101", "`=` cannot stand here", Label(stop.place), fixes=fixes, help=("to compare, write `==`",))


def _chained(stop: Stop) -> Diagnostic | None:
    if stop.found.type not in COMPARISONS or "AND" not in stop.accepted:
        return None
    message = "a comparison has two sides only"
    return _say(stop, "FS101", message, help="join comparisons with `and`: `0 < x and x < 1`")


def _unexpected(stop: Stop) -> Diagnostic:
    after = f" after {_shown(stop.before)}" if stop.before else ""
    message = f"{_shown(stop.found)} cannot stand here{after}"
    found = _say(stop, "FS101", message, f"expected {describe(stop.accepted)}")
    if stop.before is None or not ({"COMMA", "RPAR"} <= stop.accepted and stop.found.type in _VALUES):
        return found
    end = Span(stop.before.span.file, stop.before.span.end, stop.before.span.end)
    return replace(found, fixes=(Fix("separate the two by a comma", end, ","),))


def _say(stop: Stop, code: str, message: str, label: str = "", help: str = "") -> Diagnostic:
    return Diagnostic(code, message, Label(stop.place, label), help=(help,) if help else ())


def _shown(lexeme: Lexeme) -> str:
    if lexeme.type == "SEP":
        return "`;`" if lexeme.text == ";" else "the end of the line"
    return f"`{lexeme.text}`" if lexeme.text else WORDS.get(lexeme.type, "what was read")
