"""Terminals in plain words, for messages."""

from __future__ import annotations

from collections.abc import Collection, Iterable

DEFINING = frozenset({"FLOW", "DEF", "NET", "USE"})
TRAINING = frozenset({"FREEZE", "BYPASS", "PHASE", "DATA", "TRAIN", "EVALUATE", "SAMPLE"})
LEADING = TRAINING | set("INPUT CONTEXT PRIOR LET REPEAT FOR IF PART TAP INVERSE ON MERGE EXPECT".split())
"""The keywords that start a statement."""
KEYWORDS = DEFINING | LEADING | {"ELSE", "IN", "AS"}
RESERVED = KEYWORDS | {"TRUE", "FALSE", "AND", "OR", "NOT"}

VALUES = frozenset({"NAME", "WORD", "NUMBER", "TEXT", "TRUE", "FALSE", "LPAR", "LSQB", "MINUS", "NOT"})
"""What a value can start with."""

COMPARISONS = frozenset({"EQ", "NE", "LE", "GE", "LT", "GT"})
OPERATORS = COMPARISONS | set("PLUS MINUS STAR SLASH FLOOR PERCENT CARET DOTS COMPOSE AND OR NOT".split())

WORDS = {
    "SEP": "a new line", "COMMA": "`,`", "RPAR": "`)`", "RSQB": "`]`", "RBRACE": "`}`", "EQUAL": "`=`", "COLON": "`:`",
    "LPAR": "`(`", "LSQB": "`[`", "LBRACE": "`{`", "NAME": "a name", "WORD": "a name", "NUMBER": "a number", "TEXT": "a string",
    "COMPOSE": "`>>`", "DOTS": "`..`", "EQ": "`==`", "NE": "`!=`", "LE": "`<=`", "GE": "`>=`", "LT": "`<`", "GT": "`>`",
    "PLUS": "`+`", "MINUS": "`-`", "STAR": "`*`", "SLASH": "`/`", "FLOOR": "`//`", "PERCENT": "`%`", "CARET": "`^`",
    "SEMICOLON": "`;`", "$END": "the end of the file",
} | {name: f"`{name.lower()}`" for name in sorted(RESERVED)}  # fmt: skip

_UNSAID = frozenset({"SKIPPED", "SKIPPED_HEAD"})
_GROUPS = (
    (frozenset({"FLOW", "SKIPPED"}), DEFINING | _UNSAID, "a definition (`flow`, `def`, `net`) or `use`"),
    (frozenset({"LET", "SKIPPED"}), LEADING | VALUES | _UNSAID, "a statement"),
    (frozenset({"RPAR", "NAME", "NUMBER"}), VALUES, "an argument"),
    (frozenset({"NAME", "NUMBER"}), VALUES, "a value"),
    (frozenset({"PLUS", "STAR"}), OPERATORS | {"LPAR", "LSQB"}, ""),
)
"""Terminals that are one thing to a reader: when all of the first are there, the second are said as the third.

An operator can follow every value, so it is not said at all.
"""


def describe(terminals: Iterable[str]) -> str:
    """What may stand at a place, in plain words: "`,` or `)`"."""
    left, said = set(terminals), []
    for signs, group, words in _GROUPS:
        if signs <= left:
            left -= group
            said.append(words)
    return _either([*filter(None, said), *(words for name, words in WORDS.items() if name in left)])


def _either(choices: Collection[str]) -> str:
    *first, last = choices
    return f"{', '.join(first)} or {last}" if first else last
