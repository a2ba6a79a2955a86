"""Texts that nobody would write: the parser says something about each, and never falls over."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flowspec.diagnostics import SpecError
from flowspec.rendering import text as rendering
from flowspec.source import Source
from flowspec.syntax.format import format_text
from flowspec.syntax.parse import parse
from flowspec.syntax.words import WORDS
from tests.syntax.specs import SPECS

SPELLED = [words.strip("`") for words in WORDS.values()]
PIECES = [
    *SPELLED,
    "\n",
    "flow f {",
    "}\n",
    "name",
    "3",
    "1_0",
    "0.5",
    '"text"',
    '"open',
    "“smart”",
    "# comment\n",
    "\t",
    "\x1b",
    "é",
    "net g",
]


def survives(text: str) -> None:
    """Whether parsing, showing the faults and formatting all end well."""
    source = Source("t.flow", text)
    _, faults = parse(source)
    for fault in faults:
        assert 0 <= fault.primary.span.start <= fault.primary.span.end <= len(text)
        assert fault.message and fault.code.startswith(("FS1", "FS8"))
    assert rendering.render(faults, {"t.flow": source}) or not faults
    try:
        once = format_text(source)
    except SpecError as error:
        assert error.diagnostics == faults
    else:
        assert not faults and format_text(Source("t.flow", once)) == once


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_soup(pieces: list[str]) -> None:
    survives(" ".join(pieces))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_characters(text: str) -> None:
    survives(text)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(list(SPECS.values())),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(["", *PIECES])), max_size=5),
)
def test_mutated_specs(text: str, edits: list[tuple[float, int, str]]) -> None:
    for where, length, piece in edits:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    survives(text)
