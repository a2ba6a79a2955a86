"""Terminals in plain words, for messages."""

from __future__ import annotations

from collections.abc import Collection, Iterable

DEFINING = frozenset({"FLOW", "DEF", "NET", "USE"})
LEADING = frozenset({"INPUT", "CONTEXT", "PRIOR", "LET", "REPEAT", "FOR", "IF", "PART", "TAP", "INVERSE", "ON", "MERGE", "EXPECT",
                     "FREEZE", "BYPASS", "PHASE", "DATA", "TRAIN", "EVALUATE", "SAMPLE"})  # fmt: skip
"""The keywords that start a statement."""
KEYWORDS = DEFINING | LEADING | {"ELSE", "IN", "AS"}
RESERVED = KEYWORDS | {"TRUE", "FALSE", "AND", "OR", "NOT"}

VALUES = frozenset({"NAME", "NUMBER", "TEXT", "TRUE", "FALSE", "LPAR", "LSQB", "MINUS", "NOT"})
"""What a value can start with."""

COMPARISONS = frozenset({"EQ", "NE", "LE", "GE", "LT", "GT"})
OPERATORS = COMPARISONS | {"PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "CARET", "DOTS", "COMPOSE", "AND", "OR", "NOT"}

WORDS = {name: f"`{name.lower()}`" for name in RESERVED} | {
    "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`",
    "COMMA": "`,`", "COLON": "`:`", "EQUAL": "`=`", "COMPOSE": "`>>`", "DOTS": "`..`",
    "EQ": "`==`", "NE": "`!=`", "LE": "`<=`", "GE": "`>=`", "LT": "`<`", "GT": "`>`",
    "PLUS": "`+`", "MINUS": "`-`", "STAR": "`*`", "SLASH": "`/`", "FLOOR": "`//`", "PERCENT": "`%`", "CARET": "`^`",
    "NAME": "a name", "NUMBER": "a number", "TEXT": "a string",
    "SEP": "a new line or `;`", "SEMICOLON": "`;`", "NEWLINE": "a new line", "COMMENT": "a comment", "$END": "the end of the file",
}  # fmt: skip

_UNSAID = frozenset({"SKIPPED", "SKIPPED_HEAD"})
_GROUPS = (
    (frozenset({"FLOW", "SKIPPED"}), DEFINING | _UNSAID, "a definition (`flow`, `def`, `net`) or `use`"),
    (frozenset({"LET", "SKIPPED"}), LEADING | VALUES | _UNSAID, "a statement"),
    (frozenset({"FLOW", "NAME", "NUMBER"}), KEYWORDS | VALUES, "an argument"),
    (frozenset({"NAME", "NUMBER"}), VALUES, "a value"),
    (frozenset({"PLUS", "STAR"}), OPERATORS | {"LSQB"}, "an operator"),
)
"""Terminals that are one thing to a reader: when all of the first are there, the second are said as the third."""


def describe(terminals: Iterable[str]) -> str:
    """What may stand at a place, in plain words: "`,` or `)`"."""
    left, said = set(terminals), []
    for signs, group, words in _GROUPS:
        if signs <= left:
            left -= group
            said.append(words)
    return _either([*said, *(WORDS[name] for name in WORDS if name in left)])


def _either(choices: Collection[str]) -> str:
    *first, last = choices
    return f"{', '.join(first)} or {last}" if first else last
