"""Forms: how each construct of the language is written, for messages about one that is not finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flowspec.syntax.lexing import Lexeme


class Form(NamedTuple):
    """A construct in plain words, and an example of it."""

    what: str
    example: str

    def __str__(self) -> str:
        return f"{self.what} is written `{self.example}`"


FILE, BODY, PARAMETERS, ARGUMENTS = "file", "LBRACE", "parameters", "arguments"
PARENTHESES, LIST, ITEM = "parentheses", "list", "item"
FORMS = {
    FILE: Form("a file", "flow name { input vector(2); coupling(affine, mlp([32])); prior gaussian }"),
    BODY: Form("one statement after another on a line", "actnorm; reverse"),
    PARAMETERS: Form("a list of parameters", "(width=64, depth=2)"),
    ARGUMENTS: Form("a call", "conv(3, width, bias=false)"),
    PARENTHESES: Form("arithmetic", "2 * (width + 1)"),
    LIST: Form("a list", "[64, 64]"),
    ITEM: Form("an item of a list", "widths[0]"),
    "USE": Form("a use", 'use "lib/steps.flow"'),
    "FLOW": Form("a flow", "flow name(width=64) { input vector(2); coupling(affine, mlp([width])); prior gaussian }"),
    "DEF": Form("a definition", "def name(width=64) { actnorm; coupling(affine, mlp([width])) }"),
    "NET": Form("a network", "net name(width=64) { linear(width); relu; linear }"),
    "AS": Form("a named output", "split(half) as (a, b)"),
    "INPUT": Form("an input", "input image(3, 32, 32)"),
    "CONTEXT": Form("a context", "context classes(10) as label"),
    "PRIOR": Form("a prior", "prior gaussian"),
    "LET": Form("a named value", "let hidden = [64, 64]"),
    "REPEAT": Form("a repetition", "repeat 4 { actnorm; reverse }"),
    "FOR": Form("a loop", "for level in 1..3 { actnorm; reverse }"),
    "IF": Form("a choice", "if level < 3 { reverse } else { swap }"),
    "ELSE": Form("a choice", "if level < 3 { reverse } else { swap }"),
    "PART": Form("a part", "part name { actnorm; reverse }"),
    "TAP": Form("a tap", "tap name"),
    "INVERSE": Form("what is turned round", "inverse { reverse; linear }"),
    "ON": Form("what acts on a wire", "on name { reverse; linear }"),
    "MERGE": Form("a merge", "merge(a, b)"),
    "EXPECT": Form("a contract", "expect parameters == 1_234"),
    "FREEZE": Form("what a phase leaves alone", "phase name { freeze encoder, decoder }"),
    "BYPASS": Form("what a phase leaves out", "phase name { bypass encoder, decoder }"),
    "PHASE": Form("a phase", "phase name(lr=1e-4) { freeze encoder }"),
    "DATA": Form("a source of data", "data(moons)"),
    "TRAIN": Form("training", "train(epochs=20) { phase name { freeze encoder } }"),
    "EVALUATE": Form("an evaluation", "evaluate(samples=10)"),
    "SAMPLE": Form("sampling", "sample(n=64)"),
}
"""By the terminal that a construct starts with, or a name for what a bracket holds."""


def form(read: Sequence[Any]) -> Form:
    """The form of the innermost construct that is not finished, of what the parser has read: lexemes, and what was built of others."""
    for at in reversed(range(len(read))):
        if isinstance(read[at], Lexeme):
            key = _bracket(read[:at]) if read[at].type == "LPAR" else _square(read[:at]) if read[at].type == "LSQB" else read[at].type
            if key in FORMS:
                return FORMS[key]
    return FORMS[FILE]


def _bracket(before: Sequence[Any]) -> str:
    """What a round bracket holds."""
    last, *others = [part.type if isinstance(part, Lexeme) else "" for part in reversed(before)]
    if last in ("MERGE", "AS"):
        return last
    if last in ("NAME", "WORD", "DATA", "TRAIN", "EVALUATE", "SAMPLE"):
        return PARAMETERS if others and others[0] in ("FLOW", "DEF", "NET") else ARGUMENTS
    return PARENTHESES


def _square(before: Sequence[Any]) -> str:
    """What a square bracket holds."""
    last, *others = [part.type if isinstance(part, Lexeme) else "" for part in reversed(before)]
    if last == "NAME" and others and others[0] == "TAP":
        return "TAP"
    return LIST if last else ITEM
